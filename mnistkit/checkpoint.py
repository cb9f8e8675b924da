"""Self-describing checkpoints: one safetensors file with the weights and everything needed to use them.

The description is one JSON document in the file's metadata header. No pickle is ever read or written.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mnistkit import __version__
from mnistkit.exceptions import CheckpointError
from mnistkit.files import atomic_write
from mnistkit.preparation import INK, Preparation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

_Tensors = TypeVar("_Tensors")

FORMAT_VERSION = 1
_METADATA_KEY = "mnistkit"
_DIGEST_KEY = "file_sha256"
"""In a description: the SHA-256 of the whole file, taken while these digits of it are zeros."""
# The key as it stands in the header, which is JSON with the description's JSON in a text.
_DIGEST_START = f'\\"{_DIGEST_KEY}\\": \\"'.encode()
_NO_DIGEST = "0" * 64
# The length of the header, and the opening of it.
_SMALLEST = 9
RETRAIN_HINT = "train a new one: mnistkit train"


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that decide a training's result."""
    # It takes as long to import as all the rest of this module.
    from importlib.metadata import PackageNotFoundError, version

    found = {"mnistkit": __version__}
    for name in ("torch", "numpy", "safetensors"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


@dataclass(frozen=True)
class CheckpointInfo:
    """What a checkpoint says about itself.

    Attributes:
        architecture: Name in the model registry.
        classes: Class names in the order of the logits.
        mean: Mean subtracted from pixels on the 0 to 1 scale.
        std: Standard deviation they are divided by.
        dataset: The dataset it was trained on.
        split: The images it was trained on and how its epoch was chosen, for people.
        recipe: The resolved recipe, as :meth:`mnistkit.recipe.Recipe.to_dict` of the version that trained it gave
            it.
        seed: The training's seed.
        epoch: The epoch whose weights these are, counted from 1.
        metrics: Measured figures, e.g. ``{"val_accuracy": 0.996, "test_accuracy": 0.9962}``.
        calibration: As :meth:`mnistkit.inference.calibration.Calibration.to_dict` gives it; empty if there is
            none.
        init: The trained weights that the training started from, by name and SHA-256; empty if there were none.
        shares: How its folder was divided, e.g. "80/10/10"; empty for the usual shares.
        objective: What was minimised, as ``describe()`` of a training's objective gives it; empty in files written
            before there was a choice.
        input_size: Height and width of the input in pixels.
        preparation: How a picture becomes the tile that the model is given.
        program: What the model computes, as :meth:`mnistkit.export.program.Program.to_dict` gives it; empty if
            there is none.
        versions: Versions of the packages it was made with.
        format_version: Version of this description.
    """

    architecture: str
    classes: tuple[str, ...]
    mean: float
    std: float
    dataset: str
    split: str
    recipe: Mapping[str, Any]
    seed: int
    epoch: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    input_size: tuple[int, int] = (28, 28)
    preparation: Preparation = INK
    versions: Mapping[str, str] = field(default_factory=package_versions)
    format_version: int = FORMAT_VERSION
    calibration: Mapping[str, float] = field(default_factory=dict)
    objective: Mapping[str, Any] = field(default_factory=dict)
    init: Mapping[str, Any] = field(default_factory=dict)
    shares: str = ""
    program: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_json(cls, text: str, path: Path) -> CheckpointInfo:
        """Read the description back.

        Raises:
            CheckpointError: it is damaged, or of another format version.
        """
        try:
            # Files written before there were such things have none.
            values = {**_LATER_FIELDS, **json.loads(text)}
            found = values["format_version"]
            if not isinstance(found, int) or isinstance(found, bool):
                raise TypeError("format_version")
            if found == FORMAT_VERSION:
                return cls(**_checked_fields({f.name: values[f.name] for f in fields(cls)}))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise CheckpointError(f"{path}: its description is damaged", hint=RETRAIN_HINT) from error
        raise CheckpointError(
            f"{path}: checkpoint format {found}; this mnistkit {__version__} reads format {FORMAT_VERSION}",
            hint="use the mnistkit version that wrote it, or train a new one",
        )


def _checked_fields(values: dict[str, Any]) -> dict[str, Any]:
    """Return a description's values with lists as tuples, or raise TypeError or ValueError.

    A file can hold anything; what is not checked here would fail later, far from its cause.
    """
    for names, kinds in _FIELD_TYPES.items():
        for name in names:
            if not isinstance(values[name], kinds) or isinstance(values[name], bool):
                raise TypeError(name)
    if not (math.isfinite(values["mean"]) and math.isfinite(values["std"]) and values["std"] > 0):
        raise ValueError("mean, std")
    size = values["input_size"]
    if len(size) != 2 or not all(type(number) is int and number > 0 for number in size):
        raise ValueError("input_size")
    _check_calibration(values["calibration"])
    batch = values["recipe"].get("eval_batch_size", 1)
    if type(batch) is not int or batch < 1:
        raise ValueError("recipe")
    classes = values["classes"]
    if len(classes) < 2 or not all(isinstance(name, str) for name in classes):
        raise ValueError("classes")
    preparation = Preparation.of(values["preparation"])
    return {**values, "classes": tuple(classes), "input_size": tuple(size), "preparation": preparation}


def _check_calibration(values: dict[str, Any]) -> None:
    if not values:
        return
    if not all(isinstance(value, (int, float)) and math.isfinite(value) for value in values.values()):
        raise ValueError("calibration")
    if not (values["temperature"] > 0 and 0 <= values["threshold"] <= 1):
        raise ValueError("calibration")


_LATER_FIELDS: Mapping[str, Any] = {
    "calibration": {},
    "preparation": {},
    "objective": {},
    "init": {},
    "shares": "",
    "program": {},
}
_FIELD_TYPES: dict[tuple[str, ...], tuple[type, ...]] = {
    ("architecture", "dataset", "split", "shares"): (str,),
    ("seed", "epoch", "format_version"): (int,),
    ("mean", "std"): (int, float),
    ("classes", "input_size"): (list,),
    ("recipe", "metrics", "preparation", "versions", "calibration", "objective", "init", "program"): (dict,),
}


def save_tensors(path: Path, tensors: Mapping[str, Tensor], description: Mapping[str, Any]) -> None:
    """Write ``tensors`` with a JSON ``description`` in the header, and a digest; whole or not at all.

    The same content always gives the same bytes.

    Raises:
        OutputError: the folder cannot be written, or the disk is full.
    """
    from safetensors.torch import save

    text = json.dumps({**description, _DIGEST_KEY: _NO_DIGEST}, sort_keys=True)
    # Clones, because safetensors refuses tensors that share memory.
    content = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    data = save(content, {_METADATA_KEY: text})
    stored = _stored_digest(data)
    data = data.replace(stored, _digest(data, stored), 1)
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Read all tensors of a safetensors file, and see that no byte of it has changed since it was written.

    Files that mnistkit wrote before it stored digests are read as they are.

    Raises:
        CheckpointError: the file is damaged.
    """
    from safetensors.torch import load

    return _load_checked(path, load)


def load_arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    """Do as :func:`load_tensors`, with numpy's arrays and without torch.

    Raises:
        CheckpointError: the file is damaged, or holds numbers of a type that numpy does not have.
    """
    from safetensors.numpy import load

    try:
        return _load_checked(path, load)
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{path} holds numbers of a type that numpy does not have", hint="--backend torch can read them"
        ) from error


def _load_checked(path: Path, load: Callable[[bytes], _Tensors]) -> _Tensors:
    """Return what ``load`` makes of a file's bytes, once they are known to be those that were written."""
    from safetensors import SafetensorError

    _check_present(path)
    try:
        data = path.read_bytes()
        tensors = load(data)
    except (SafetensorError, OSError) as error:
        raise _unreadable(path) from error
    stored = _stored_digest(data)
    if stored and stored != _digest(data, stored):
        raise CheckpointError(
            f"{path} is damaged: its bytes are not those that were written",
            hint="copy it again from where it came, or train a new one: mnistkit train",
        )
    return tensors


def _stored_digest(data: bytes) -> bytes:
    """Return the digest in a file's header, with the key before it; nothing if it has none."""
    place = data.find(_DIGEST_START, 0, 8 + int.from_bytes(data[:8], "little"))
    return b"" if place < 0 else data[place : place + len(_DIGEST_START) + len(_NO_DIGEST)]


def _digest(data: bytes, stored: bytes) -> bytes:
    """Return what :func:`_stored_digest` should return for a file's bytes."""
    zeroed = data.replace(stored, _DIGEST_START + _NO_DIGEST.encode(), 1)
    return _DIGEST_START + hashlib.sha256(zeroed).hexdigest().encode()


def read_description(path: Path) -> str:
    """Return the JSON description in a file's header, without reading its tensors or importing torch.

    Raises:
        CheckpointError: the file is missing, empty, truncated, a pickle, or no mnistkit file.
    """
    from safetensors import SafetensorError, safe_open

    _check_present(path)
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise _unreadable(path) from error
    if _METADATA_KEY not in metadata:
        raise CheckpointError(f"{path}: a safetensors file, but not a mnistkit checkpoint", hint=RETRAIN_HINT)
    return str(metadata[_METADATA_KEY])


def save_checkpoint(path: Path, weights: Mapping[str, Tensor], info: CheckpointInfo) -> None:
    """Write a checkpoint.

    Args:
        path: Usually ends in ``.safetensors``.
        weights: The model's ``state_dict()``.
        info: Its description.

    Raises:
        OutputError: the folder cannot be written, or the disk is full.
    """
    save_tensors(path, weights, asdict(info))


def read_info(path: Path) -> CheckpointInfo:
    """Return a checkpoint's description without loading its weights or importing torch.

    Raises:
        CheckpointError: the file is missing, empty, truncated, not safetensors, a pickle, or of another format
            version.
    """
    return CheckpointInfo.from_json(read_description(path), path)


def _check_present(path: Path) -> None:
    if path.is_dir():
        raise CheckpointError(f"{path} is a folder, not a checkpoint file")
    try:
        start = _first_bytes(path)
    except FileNotFoundError:
        raise CheckpointError(f"checkpoint {path} does not exist", hint=RETRAIN_HINT) from None
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from error
    if not start:
        raise CheckpointError(f"{path} is empty", hint=RETRAIN_HINT)


def _unreadable(path: Path) -> CheckpointError:
    """Return the error for a file that safetensors refuses.

    Only a refused file is looked at for being a pickle: a sound safetensors file starts with the length of its
    header, which may happen to begin like one.
    """
    start = b""
    with suppress(OSError):
        start = _first_bytes(path)
    if start.startswith((b"PK\x03\x04", *(bytes((0x80, protocol)) for protocol in range(2, 6)))):
        return CheckpointError(
            f"{path} is a pickle (a torch.save file); mnistkit reads only safetensors, for safety",
            hint="save its state_dict with safetensors, or train a new one: mnistkit train",
        )
    if len(start) < _SMALLEST or start[8:9] == b"{":
        return CheckpointError(f"{path} is cut short or damaged", hint=RETRAIN_HINT)
    return CheckpointError(f"{path} is not a safetensors file", hint=RETRAIN_HINT)


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_SMALLEST)
