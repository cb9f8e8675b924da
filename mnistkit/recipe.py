"""The recipe: every number that decides how a model is trained, in one frozen, readable object.

No heavy import stands here, so that the command line can check a recipe before torch is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass, replace
from reprlib import repr as repr_short
from typing import Any, get_type_hints

from mnistkit.exceptions import RecipeError
from mnistkit.registry import unknown_name

OPTIMIZERS = ("sgd", "adam", "adamw", "adadelta")
SCHEDULES = ("constant", "one-cycle", "cosine", "step", "plateau")
SELECTIONS = ("best", "last")
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
DEFAULT_RECIPE = "default"
"""What the recipe that an architecture is trained with unless the user says otherwise is called."""

DISTILLATION_LOSSES = ("kl", "mse")
IMAGE_SIZE = (28, 28)
"""Height and width in pixels of the image that every model is given."""

RENAMED_KEYS = {
    "augmentation.cooldown": "augmentation.ramp_down",
    "augmentation.remainder": "augmentation.final_share",
}
"""Keys of earlier versions, and what they are called now."""

REMOVED_KEYS = {"pin_memory": "data moves to the device once, so there is nothing to pin"}
"""Keys of earlier versions that decide nothing any more, and why."""


def setting(
    default: Any = MISSING,
    help_: str = "",
    *,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    below: float | None = None,
    choices: tuple[str, ...] | None = None,
) -> Any:
    """Declare one recipe field: its default, what it means and which values it may take.

    ``low`` and ``high`` are included in the range, ``above`` and ``below`` are not. A key with its default takes
    at most 26 characters and what it means 54, so that both fit a terminal of 80 columns in a line.
    """
    limits = {"help": help_, "low": low, "high": high, "above": above, "below": below, "choices": choices}
    return field(default=default, metadata=limits)


@dataclass(frozen=True)
class Augmentation:
    """Random changes of each training image; every range is symmetric and 0 switches it off."""

    rotation: float = setting(0.0, "largest rotation either way, in degrees", low=0, high=180)
    translate_x: float = setting(0.0, "largest horizontal shift, as a fraction of the width", low=0, high=1)
    translate_y: float = setting(0.0, "largest vertical shift, as a fraction of the height", low=0, high=1)
    zoom: float = setting(0.0, "scale drawn from [1 - zoom, 1 + zoom]", low=0, below=1)
    shear: float = setting(0.0, "largest horizontal shear either way, in degrees", low=0, below=90)
    elastic: float = setting(0.0, "RMS displacement of elastic distortion, in pixels", low=0, high=28)
    elastic_sigma: float = setting(4.0, "smoothness of the elastic field, in pixels", above=0, high=28)
    crop_share: float = setting(0.0, "share of images of which only the middle is seen", low=0, high=1)
    crop_size: float = setting(22.0, "side of that middle, in pixels, which is enlarged", above=0, high=28)
    stroke: float = setting(0.0, "most pixels a stroke grows on either side", low=0, high=1)
    intensity: float = setting(0.0, "most by which ink gets fainter, its gamma changed", low=0, below=1)
    blur: float = setting(0.0, "largest share of a smoothed copy", low=0, high=1)
    noise: float = setting(0.0, "largest standard deviation of noise; white is 1", low=0, high=1)
    background: float = setting(0.0, "largest grey of a half-plane in half the images", low=0, high=1)
    ramp_down: float = setting(0.0, "final share of steps, fewer images changed", low=0, high=1)
    final_share: float = setting(0.0, "share of images changed at the end of it", low=0, high=1)

    @property
    def changes_anything(self) -> bool:
        """Whether images are changed at all."""
        return replace(self, **_SCHEDULE_OF_AUGMENTATION) != _NO_AUGMENTATION

    def share(self, progress: float) -> float:
        """Return the share of the images to change after a share of the training, ``progress`` from 0 to 1.

        It falls linearly from 1 over the last ``ramp_down`` of the training, down to ``final_share``. So the model
        ends on images more like those it will see (the idea of He et al. 2019, "Data augmentation revisited", who
        end with a phase without augmentation) and does not forget the others.
        """
        if progress <= 1 - self.ramp_down:
            return 1.0
        return max(self.final_share, (1 - progress) / self.ramp_down)


_NO_AUGMENTATION = Augmentation()
# What decides when images are changed, and not how.
_SCHEDULE_OF_AUGMENTATION = {"ramp_down": 0.0, "final_share": 0.0}


@dataclass(frozen=True)
class Distillation:
    """How a student learns from a teacher; without a teacher nothing of it counts.

    The form of the loss is the divergence at the temperature, times its square (Hinton, Vinyals and Dean 2015,
    "Distilling the knowledge in a neural network", section 2), or the mean squared error of the logits (Kim et al.
    2021, "Comparing Kullback-Leibler divergence and mean squared error loss in knowledge distillation").
    """

    temperature: float = setting(4.0, "what logits are divided by", above=0, high=100)
    hard_weight: float = setting(0.1, "weight of the labels; the teacher has the rest", low=0, high=1)
    loss: str = setting("kl", "form of the loss", choices=DISTILLATION_LOSSES)
    views: int = setting(20, "views of each image; the teacher answers each once", low=1, high=10_000)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how an architecture is trained.

    An architecture registers its own recipe beside its code; these defaults only fill what it leaves out. A field
    whose type is a dataclass of settings is a table: a file has ``[table]`` before its keys, and elsewhere they
    are written ``table.key``.
    """

    epochs: int = setting(10, "epochs; each ends with a validation", low=1)
    repeats: int = setting(1, "passes over the training images in an epoch", low=1, high=10_000)
    batch_size: int = setting(128, "images in a training step", low=1)
    shards: int = setting(2, "parts of a batch that CPU threads share", low=1)
    eval_batch_size: int = setting(500, "images in an evaluation step", low=1)
    optimizer: str = setting("adamw", "optimizer", choices=OPTIMIZERS)
    learning_rate: float = setting(1e-3, "peak learning rate", above=0)
    momentum: float = setting(0.9, "momentum of sgd, first decay of adam(w)", low=0, below=1)
    beta2: float = setting(0.999, "second-moment decay of adam(w), rho of adadelta", low=0, below=1)
    nesterov: bool = setting(True, "Nesterov's form of the momentum of sgd")
    weight_decay: float = setting(0.0, "weight decay; norms and biases are spared", low=0)
    schedule: str = setting("cosine", "learning-rate schedule", choices=SCHEDULES)
    warmup: float = setting(0.0, "share of all steps with a linearly rising rate", low=0, below=1)
    final_lr: float = setting(0.0, "learning rate at the end, as a fraction of the peak", low=0, high=1)
    decay_epochs: int = setting(3, "epochs between two decays of the step schedule", low=1)
    decay_factor: float = setting(0.1, "factor of one decay of the step and plateau schedules", above=0, below=1)
    plateau_patience: int = setting(2, "epochs without a better validation loss before a decay", low=0)
    outliers: float = setting(0.0, "non-digits added to a batch, as a share", low=0, high=1)
    label_smoothing: float = setting(0.0, "label smoothing of the cross-entropy", low=0, below=1)
    ema_decay: float = setting(0.0, "decay per step of the averaged weights; 0 = off", low=0, below=1)
    gradient_clip: float = setting(0.0, "largest gradient norm; 0 = no clipping", low=0)
    patience: int = setting(0, "stop after this many epochs without progress; 0 = off", low=0)
    selection: str = setting("best", "weights to keep: best validation loss, or the last", choices=SELECTIONS)
    precision: str = setting("auto", "arithmetic of the forward pass", choices=PRECISIONS)
    seed: int = setting(0, "seed of initial weights, order and augmentation", low=0, below=2**32)
    workers: int = setting(0, "threads that decode pictures; 0 = one per core", low=0)
    augmentation: Augmentation = field(default_factory=Augmentation)
    distillation: Distillation = field(default_factory=Distillation)

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as plain values, its tables as nested dictionaries."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], source: str = "recipe") -> Recipe:
        """Build a recipe from :meth:`to_dict`'s form; missing keys take the defaults.

        Raises:
            RecipeError: an unknown key or an unfitting value.
        """
        return cls().merged(flatten(values), source)

    def merged(self, changes: Mapping[str, Any], source: str) -> Recipe:
        """Return a copy with ``changes`` applied.

        Args:
            changes: Dotted key to value, e.g. ``{"epochs": 3, "augmentation.rotation": "15"}``. Text is
                converted to the key's type.
            source: Where the changes come from, for messages ("--set", a file's name).

        Raises:
            RecipeError: an unknown key (the message holds the closest one), one of an earlier version (the message
                holds its new name), a value of the wrong type or out of range.
        """
        known = recipe_keys(type(self))
        values: dict[str, Any] = {}
        for key, value in changes.items():
            if key not in known:
                raise _no_key(key, known, source)
            table, _, name = key.rpartition(".")
            (values.setdefault(table, {}) if table else values)[name] = _checked(key, value, known[key], source)
        tables = {
            name: replace(getattr(self, name), **values[name]) for name in _tables(type(self)) if name in values
        }
        return replace(self, **{**values, **tables})


def recipe_keys(recipe: type[Recipe] = Recipe) -> dict[str, tuple[type, Mapping[str, Any]]]:
    """Return every dotted recipe key with its type and its limits (see :func:`setting`), those of tables last."""
    keys = _keys_of(recipe, "")
    for name, table in _tables(recipe).items():
        keys |= _keys_of(table, f"{name}.")
    return keys


def with_current_keys(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return dotted keys and values that an earlier version recorded, under the names that the keys have now."""
    return {RENAMED_KEYS.get(key, key): value for key, value in values.items() if key not in REMOVED_KEYS}


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Turn nested tables into dotted keys: ``{"a": {"b": 1}}`` becomes ``{"a.b": 1}``."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _tables(recipe: type[Recipe]) -> dict[str, type]:
    types = get_type_hints(recipe)
    return {f.name: types[f.name] for f in fields(recipe) if is_dataclass(types[f.name])}


def _keys_of(owner: type, prefix: str) -> dict[str, tuple[type, Mapping[str, Any]]]:
    types = get_type_hints(owner)
    return {f"{prefix}{f.name}": (types[f.name], f.metadata) for f in fields(owner) if f.metadata}


def _no_key(key: str, known: Iterable[str], source: str) -> RecipeError:
    if key in RENAMED_KEYS:
        return RecipeError(f"{source}: the recipe key '{key}' is now called '{RENAMED_KEYS[key]}'")
    if key in REMOVED_KEYS:
        return RecipeError(
            f"{source}: there is no recipe key '{key}' any more", hint=f"leave it out: {REMOVED_KEYS[key]}"
        )
    error = unknown_name("recipe key", key, known)
    return RecipeError(f"{source}: {error.message}", hint="mnistkit models show NAME lists every key")


_EXPECTED = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
_WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


def _checked(key: str, value: Any, declared: tuple[type, Mapping[str, Any]], source: str) -> Any:
    kind, limits = declared
    try:
        converted = _converted(value, kind)
    except (ValueError, OverflowError):
        raise RecipeError(f"{source}: {key} must be {_EXPECTED[kind]}, not {repr_short(value)}") from None
    choices = limits["choices"]
    if choices and converted not in choices:
        error = unknown_name(key, str(converted), choices)
        raise RecipeError(f"{source}: {error.message}")
    if kind is float and not math.isfinite(converted):
        raise RecipeError(f"{source}: {key} must be a finite number, not {converted}")
    if kind in (int, float) and not _within(converted, limits):
        raise RecipeError(f"{source}: {key} must be {_range_text(limits)}, not {repr_short(converted)}")
    return converted


def _converted(value: Any, kind: type) -> Any:
    if kind is bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.strip().lower() in _WORDS:
            return _WORDS[value.strip().lower()]
        raise ValueError
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError
    if kind is str:
        if not isinstance(value, str):
            raise ValueError
        return value.strip()
    if kind is int and isinstance(value, float):
        raise ValueError
    return kind(value)


def _within(value: float, limits: Mapping[str, Any]) -> bool:
    low, high, above, below = (limits[name] for name in ("low", "high", "above", "below"))
    return (
        (low is None or value >= low)
        and (high is None or value <= high)
        and (above is None or value > above)
        and (below is None or value < below)
    )


def _range_text(limits: Mapping[str, Any]) -> str:
    words = {"low": "at least", "above": "more than", "high": "at most", "below": "less than"}
    return " and ".join(f"{text} {limits[name]}" for name, text in words.items() if limits[name] is not None)
