"""The public Python API; every name here is also an attribute of ``mnistkit`` itself.

Each function does what the command of its name does, and returns the result that the command shows. Nothing is
printed and the process is never ended: what goes wrong is raised as a :class:`MnistkitError`, with a ``message``
of one line and, where there is something to do about it, a ``hint``. Results print themselves in a line. In a
notebook, answers, confusion matrices, errors and trainings show the figure that their command writes.

Where a function takes them, these mean the same everywhere:

- ``device`` and ``precision`` are what ``--device`` and ``--precision`` take; device None is the environment
  variable ``MNISTKIT_DEVICE``, or "auto".
- ``choose_threads(n)`` lets n threads compute on a CPU from then on, as ``--threads`` does for a command.
- ``progress`` is called with (done, total, unit) now and then during long work, such as (500, 71200, "pictures");
  a total of 0 is unknown.
- ``announce`` is called with each line that the command would print beside its result: what was chosen, what takes
  time, warnings. ``announce=print`` prints them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from mnistkit import notebook
from mnistkit.data import dataset_names as list_datasets
from mnistkit.data import load_dataset
from mnistkit.data.base import LoadOptions, SplitShares
from mnistkit.device import FP32
from mnistkit.exceptions import MnistkitError, UsageError
from mnistkit.imaging.limits import DEFAULT_LIMITS, Limits
from mnistkit.models import model_names as list_models
from mnistkit.preparation import AUTO, CHOICES
from mnistkit.registry import check_name
from mnistkit.threads import choose_threads
from mnistkit.training.events import TrainingEvents
from mnistkit.workflows.confusion import ConfusionConfig
from mnistkit.workflows.inputs import InferenceConfig
from mnistkit.workflows.train_config import DEFAULT_ARCHITECTURE, DEFAULT_DATASET

if TYPE_CHECKING:
    from mnistkit.evaluation.results.confusion import ConfusionResult
    from mnistkit.evaluation.results.errors import ErrorsResult
    from mnistkit.evaluation.results.evaluate import EvaluateResult
    from mnistkit.inference.recogniser import Recogniser
    from mnistkit.workflows.distill_result import DistillResult
    from mnistkit.workflows.train import SeedsResult, TrainResult
    from mnistkit.workflows.train_config import TrainConfig
    from mnistkit.workflows.train_request import ObjectiveChoice

__all__ = [
    "Limits",
    "MnistkitError",
    "TrainingEvents",
    "choose_threads",
    "confusion",
    "distill",
    "errors",
    "evaluate",
    "list_datasets",
    "list_models",
    "load",
    "load_dataset",
    "summarise",
    "train",
]

CheckpointLike: TypeAlias = "str | os.PathLike[str]"
"""A checkpoint file, a run folder, "latest", the name of a bundled model, or what :func:`train` or :func:`load`
returned."""

Progress: TypeAlias = Callable[[int, int, str], None]
Announce: TypeAlias = Callable[[str], None]


def load(
    checkpoint: CheckpointLike | None = None,
    *,
    device: str | None = None,
    precision: str = FP32.name,
    limits: Limits = DEFAULT_LIMITS,
    announce: Announce | None = None,
) -> Recogniser:
    """Load a trained model, to read pictures with.

    ``mnistkit.load().read("photo.jpg")`` answers as ``mnistkit predict photo.jpg`` does. Where torch is not
    imported yet, a checkpoint that carries its program is computed by numpy, which starts at once.

    Args:
        checkpoint: A checkpoint file, a run folder, "latest", the name of a bundled model, or what :func:`train`
            returned; None means what the commands use without one.
        device: Where it computes.
        precision: See above; ``mnistkit predict`` computes in fp32.
        limits: Which pictures are refused for their size.
        announce: See above.

    Raises:
        CheckpointError: there is no such checkpoint, or it cannot be used.
        DeviceError: there is no such device, or it does not have the precision.
    """
    from mnistkit.inference.checkpoints import find_checkpoints
    from mnistkit.inference.recogniser import Recogniser

    (found,) = find_checkpoints([] if checkpoint is None else [_spec(checkpoint)], announce or _silent)
    return Recogniser.load(found, device=_device(device), precision=precision, limits=limits)


def evaluate(
    *checkpoints: CheckpointLike,
    dataset: str | Path | None = None,
    split: str = InferenceConfig.split,
    perturbed: bool = False,
    ensemble: bool = False,
    batch_size: int | None = None,
    device: str | None = None,
    precision: str = InferenceConfig.precision,
    skip_bad: bool = False,
    progress: Progress | None = None,
    announce: Announce | None = None,
) -> EvaluateResult:
    """Measure checkpoints on a split, and compare them with each other, as ``mnistkit evaluate`` does.

    Args:
        checkpoints: As :func:`load` takes one; none for what the commands use without one.
        dataset: One of :func:`list_datasets`, or the path of a folder; None for what they were trained on.
        split: As ``--split`` takes it.
        perturbed: Measure on perturbed images as well.
        ensemble: Measure the average of the checkpoints' probabilities as well.
        batch_size: Images in a forward pass; None for that of each checkpoint's recipe.
        device: See above.
        precision: See above.
        skip_bad: Leave out a folder's unreadable pictures instead of stopping.
        progress: See above.
        announce: See above.

    Raises:
        UsageError: options that do not fit together or name nothing.
        CheckpointError: a checkpoint cannot be used, or its classes are not those of the others or the dataset.
        DataError: the dataset cannot be read, or the split is empty.
    """
    from mnistkit.workflows import evaluate as workflow

    config = workflow.EvaluateConfig(
        **_given(checkpoints, dataset, device, _load_options(progress, announce, skip_bad=skip_bad)),
        split=split,
        perturbed=perturbed,
        ensemble=ensemble,
        batch_size=batch_size,
        precision=precision,
    )
    return workflow.evaluate(config, announce or _silent)


def confusion(
    *checkpoints: CheckpointLike,
    dataset: str | Path | None = None,
    split: str = InferenceConfig.split,
    normalize: str = ConfusionConfig.normalize,
    errors_only: bool = False,
    device: str | None = None,
    precision: str = InferenceConfig.precision,
    skip_bad: bool = False,
    progress: Progress | None = None,
    announce: Announce | None = None,
) -> ConfusionResult:
    """Count which class a checkpoint takes for which, or what the second of two does differently.

    Args:
        checkpoints: One or two, as :func:`load` takes one; none for what the commands use without one.
        dataset: One of :func:`list_datasets`, or the path of a folder; None for what they were trained on.
        split: As ``--split`` takes it.
        normalize: "true", "pred" or "all" for shares of the true class, the predicted class or all images; "none"
            for counts.
        errors_only: Leave the diagonal out of what is shown.
        device: See above.
        precision: See above.
        skip_bad: Leave out a folder's unreadable pictures instead of stopping.
        progress: See above.
        announce: See above.

    Raises:
        UsageError: options that do not fit together or name nothing, more than two checkpoints.
        CheckpointError: a checkpoint cannot be used, or its classes are not those of the other or the dataset.
        DataError: the dataset cannot be read, or the split is empty.
    """
    from mnistkit.workflows import confusion as workflow

    config = ConfusionConfig(
        **_given(checkpoints, dataset, device, _load_options(progress, announce, skip_bad=skip_bad)),
        split=split,
        normalize=normalize,
        errors_only=errors_only,
        precision=precision,
    )
    return workflow.confusion(config, announce or _silent)


def errors(
    *checkpoints: CheckpointLike,
    dataset: str | Path | None = None,
    split: str | None = None,
    true: str | None = None,
    pred: str | None = None,
    sort: str | None = None,
    limit: int | None = None,
    explain: bool = False,
    suspect: bool = False,
    device: str | None = None,
    precision: str | None = None,
    skip_bad: bool = False,
    progress: Progress | None = None,
    announce: Announce | None = None,
) -> ErrorsResult:
    """Find the images that checkpoints get wrong, or labels that are probably wrong, as ``mnistkit errors`` does.

    Args:
        checkpoints: As :func:`load` takes one; none for what the commands use without one. With ``suspect`` none
            can be given.
        dataset: One of :func:`list_datasets`, or the path of a folder; None for what they were trained on.
        split: As ``--split`` takes it; None for the default of the search.
        true: Only images of this class.
        pred: Only images that are taken for this class.
        sort: "loss", "confidence", "margin" (largest first) or "index"; None for "loss", or with ``suspect``
            "margin".
        limit: How many of each group; None for all.
        explain: Compute where the model looked, by integrated gradients.
        suspect: Look for labels that are probably wrong instead: quick models are trained by cross-validation and
            judge the images they have not seen.
        device: See above.
        precision: See above; None for the default of the search.
        skip_bad: Leave out a folder's unreadable pictures instead of stopping.
        progress: See above; told of the trainings too.
        announce: See above.

    Raises:
        UsageError: options that do not fit together or name nothing, a class that does not exist.
        CheckpointError: a checkpoint cannot be used, or its classes are not those of the others or the dataset.
        DataError: the dataset cannot be read, or the split is empty.
    """
    from mnistkit.workflows.errors import ErrorsConfig, find_errors
    from mnistkit.workflows.suspect import SuspectConfig, find_suspects

    choices = {"split": split, "true": true, "pred": pred, "sort": sort, "limit": limit, "precision": precision}
    given = _given(checkpoints, dataset, device, _load_options(progress, announce, skip_bad=skip_bad))
    # What was not asked for is left to the defaults, and the two searches have different ones.
    given |= {name: value for name, value in choices.items() if value is not None}
    if suspect:
        config = SuspectConfig(**given, explain=explain, progress=progress or _ignored)
        return find_suspects(config, announce or _silent)
    return find_errors(ErrorsConfig(**given, explain=explain), announce or _silent)


def train(
    architecture: str | None = None,
    dataset: str | Path | None = None,
    *,
    out: str | Path | None = None,
    recipe: str | Path | None = None,
    full: bool = False,
    resume: bool = False,
    overwrite: bool = False,
    init: CheckpointLike | None = None,
    split_shares: str | None = None,
    preparation: str = AUTO,
    device: str | None = None,
    skip_bad: bool = False,
    objective: ObjectiveChoice | None = None,
    progress: Progress | None = None,
    announce: Announce | None = None,
    events: TrainingEvents | None = None,
    should_stop: Callable[[], bool] | None = None,
    **settings: Any,
) -> TrainResult:
    """Train a model into a run folder, as ``mnistkit train`` does.

    The same settings give the same weights as the command. Environment variables such as ``MNISTKIT_EPOCHS``
    count as they do there: ``settings`` beat them, and they beat ``recipe``.

    Args:
        architecture: One of :func:`list_models`; None for what ``recipe`` or the run to resume records, or
            convnext.
        dataset: One of :func:`list_datasets`, or the path of a folder; None for what ``recipe`` or the run to
            resume records, or mnist.
        out: The run folder; None for ``runs/<architecture>-<dataset>-seed<seed>``.
        recipe: One of the architecture's recipes by its name, such as "authors"; or a TOML file of recipe keys: a
            run's ``recipe.toml`` brings its dataset and architecture too.
        full: Train on all images, none held out; the last weights are kept.
        resume: Go on with an unfinished run; alone, with the only one.
        overwrite: Train again although the folder holds a run.
        init: A checkpoint to start from, as :func:`load` takes one; the last layer is new where classes differ.
        split_shares: How a folder is divided, in percent for training, validation and test: "80/10/10"; None for
            the usual shares.
        preparation: How pictures of a folder become tiles: "ink", "tile", "whole", or "auto" for what suits them.
        device: See above.
        skip_bad: Leave out a folder's unreadable pictures instead of stopping.
        objective: Makes what is minimised from the resolved recipe; None for what the recipe itself chooses.
        progress: See above; told of the training's steps too.
        announce: See above.
        events: Is told all that happens: subclass :class:`TrainingEvents` and override what you want to know, such
            as ``epoch_ended`` with the figures of each epoch.
        should_stop: Asked after each step; once it returns True, everything is saved and the run ends with
            InterruptedRunError. ``resume`` goes on from there.
        settings: Any recipe key: ``epochs=3``, ``seed=1``, ``precision="fp32"``; ``augmentation={"rotation": 15}``
            for those in tables.

    Raises:
        UsageError: an unknown name, recipe key or device, or settings that contradict each other.
        CheckpointError: the weights to start from cannot be used.
        OutputError: the run folder cannot be used; the message says how it could.
        DataError: the data cannot be read.
        NonFiniteLossError: the training diverged.
        InterruptedRunError: ``should_stop`` ended it.
    """
    from mnistkit.reporting.training.callbacks import Callbacks
    from mnistkit.workflows import train as workflow

    config = _train_config(
        architecture,
        dataset,
        progress,
        announce,
        out=out,
        recipe=recipe,
        full=full,
        resume=resume,
        overwrite=overwrite,
        init=init,
        split_shares=split_shares,
        preparation=preparation,
        device=device,
        skip_bad=skip_bad,
        settings=settings,
    )
    callbacks = Callbacks(progress or _ignored, announce or _silent, events or TrainingEvents())
    return workflow.train(config, callbacks, should_stop or _never, objective)


def distill(
    *teachers: CheckpointLike,
    student: str | None = None,
    dataset: str | Path | None = None,
    seeds: int = 1,
    baseline: bool = False,
    transfer: str | Path | None = None,
    omit_class: str | None = None,
    out: str | Path | None = None,
    recipe: str | Path | None = None,
    full: bool = False,
    resume: bool = False,
    overwrite: bool = False,
    init: CheckpointLike | None = None,
    split_shares: str | None = None,
    preparation: str = AUTO,
    device: str | None = None,
    skip_bad: bool = False,
    progress: Progress | None = None,
    announce: Announce | None = None,
    events: TrainingEvents | None = None,
    should_stop: Callable[[], bool] | None = None,
    **settings: Any,
) -> DistillResult:
    """Train a small model by what larger ones answer, as ``mnistkit distill`` does.

    >>> distill("convnext", student="lenet5", baseline=True)  # doctest: +SKIP
    DistillResult(lenet5, 1 seed: teacher 99.64 %; alone 99.44 %; distilled 99.50 %)

    Args:
        teachers: At least one, as :func:`load` takes one; several teach together. None for those of the run that
            is resumed or whose ``recipe`` is given.
        student: One of :func:`list_models`; None for what ``recipe`` or the run to resume records, or the smallest
            network whose measured accuracy is close to the best.
        dataset: As for :func:`train`, and so all that is not said here.
        seeds: How many seeds: seed, seed + 1, ...
        baseline: Train the student alone as well: same seeds, epochs and augmentation.
        transfer: A folder of pictures without labels to learn from too.
        omit_class: A class of which the student is shown no image.
        out: See :func:`train`.
        recipe: See :func:`train`.
        full: See :func:`train`.
        resume: See :func:`train`.
        overwrite: See :func:`train`.
        init: See :func:`train`.
        split_shares: See :func:`train`.
        preparation: See :func:`train`.
        device: See above.
        skip_bad: Leave out unreadable pictures instead of stopping.
        progress: See :func:`train`.
        announce: See above.
        events: See :func:`train`.
        should_stop: See :func:`train`.
        settings: Any recipe key; ``distillation={"temperature": 8}`` for how is learned.

    Raises:
        MnistkitError: as :func:`train` does; or a teacher does not fit the dataset.
    """
    from mnistkit.recipe_sources import name_or_file
    from mnistkit.reporting.training.callbacks import Callbacks
    from mnistkit.workflows import distill as workflow
    from mnistkit.workflows.distill_config import DistillConfig, best_bargain, follow_recorded_lessons

    training = _train_config(
        student,
        dataset,
        progress,
        announce,
        out=out,
        recipe=recipe,
        full=full,
        resume=resume,
        overwrite=overwrite,
        init=init,
        split_shares=split_shares,
        preparation=preparation,
        device=device,
        skip_bad=skip_bad,
        settings=settings,
        default=best_bargain(),
    )
    said = {"teacher": teachers, "transfer": transfer, "omit_class": omit_class}
    config = follow_recorded_lessons(
        DistillConfig(
            training=training,
            teachers=tuple(map(_spec, teachers)),
            seeds=seeds,
            baseline=baseline,
            transfer=None if transfer is None else str(transfer),
            omitted=omit_class or "",
        ),
        {name for name, value in said.items() if value},
        name_or_file(recipe)[1],
    )
    tell = announce or _silent
    callbacks = Callbacks(progress or _ignored, tell, events or TrainingEvents())
    return workflow.distill(config, callbacks, should_stop or _never, tell)


def summarise(runs: Iterable[TrainResult]) -> SeedsResult:
    """Return mean, deviation and pooled interval of runs with different seeds, as ``mnistkit train --seeds`` does.

    >>> summarise(train("lenet5", seed=seed) for seed in range(3))  # doctest: +SKIP
    SeedsResult(3 runs: mean test accuracy 99.44 %)

    Args:
        runs: What :func:`train` returned for each.

    Raises:
        UsageError: there are none, or they are not runs of the same.
    """
    from mnistkit.workflows.train import SeedsResult

    return SeedsResult.of(list(runs))


def _train_config(
    architecture: str | None,
    dataset: str | Path | None,
    progress: Progress | None,
    announce: Announce | None,
    *,
    out: str | Path | None,
    recipe: str | Path | None,
    full: bool,
    resume: bool,
    overwrite: bool,
    init: CheckpointLike | None,
    split_shares: str | None,
    preparation: str,
    device: str | None,
    skip_bad: bool,
    settings: Mapping[str, Any],
    default: str = DEFAULT_ARCHITECTURE,
) -> TrainConfig:
    """Return what the arguments of :func:`train` ask for, with what an earlier run records.

    Args:
        architecture: See there, and so all others.
        settings: Recipe keys.
        default: The architecture where none is named or recorded.
    """
    from mnistkit.recipe import DEFAULT_RECIPE, flatten
    from mnistkit.recipe_sources import name_or_file, recipe_changes
    from mnistkit.workflows.recorded_run import follow_recorded_run
    from mnistkit.workflows.train_config import TrainConfig
    from mnistkit.workflows.trained_weights import follow_trained

    recipe_name, file = name_or_file(recipe)
    said = {
        "architecture": architecture,
        "dataset": dataset,
        "out": out,
        "recipe": recipe,
        "recipe_name": recipe_name,
        "full": full or None,
        "overwrite": overwrite or None,
        "init": init,
        "split_shares": split_shares,
        "preparation": None if preparation == AUTO else preparation,
        **settings,
    }
    given = {name for name, value in said.items() if value is not None}
    tell = announce or _silent
    changes = recipe_changes(file=file, warn=tell)
    config = TrainConfig(
        architecture=architecture or default,
        dataset=str(dataset or DEFAULT_DATASET),
        recipe_name=recipe_name or DEFAULT_RECIPE,
        changes=(*changes, ("train()", flatten(settings))),
        device=_device(device),
        out=None if out is None else Path(out),
        resume=resume,
        overwrite=overwrite,
        full=full,
        load=replace(
            _load_options(progress, announce, skip_bad=skip_bad, preparation=preparation),
            shares=None if split_shares is None else SplitShares.parse(split_shares),
        ),
        init=None if init is None else _spec(init),
    )
    return follow_recorded_run(follow_trained(config, given, tell), given, file, tell)


def _given(
    checkpoints: Sequence[CheckpointLike], dataset: str | Path | None, device: str | None, load: LoadOptions
) -> dict[str, Any]:
    """Return what all configurations of evaluations have in common."""
    return {
        "checkpoints": tuple(map(_spec, checkpoints)),
        "dataset": None if dataset is None else str(dataset),
        "device": _device(device),
        "load": load,
    }


def _spec(checkpoint: CheckpointLike) -> str:
    """Return a checkpoint as the command line has it.

    Raises:
        UsageError: it is nothing that names one.
    """
    try:
        return str(os.fspath(checkpoint))
    except TypeError:
        kind = type(checkpoint).__name__
        raise UsageError(
            f"a checkpoint cannot be of type {kind}", hint="give a path, the name of a bundled model, or a run"
        ) from None


def _load_options(
    progress: Progress | None, announce: Announce | None, *, skip_bad: bool, preparation: str = AUTO
) -> LoadOptions:
    return LoadOptions(
        skip_bad=skip_bad,
        preparation=check_name("preparation", preparation, CHOICES),
        progress=progress or _ignored,
        warn=announce or _silent,
    )


def _device(device: str | None) -> str:
    return device or os.environ.get("MNISTKIT_DEVICE") or "auto"


def _ignored(done: int, total: int, unit: str) -> None:
    pass


def _silent(line: str) -> None:
    pass


def _never() -> bool:
    return False


def _drawn(result: notebook.Drawn) -> bytes | None:
    from mnistkit.reporting.notebook import png

    return png(result)


notebook.draw_with(_drawn)
