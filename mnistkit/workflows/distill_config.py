"""What ``mnistkit distill`` is asked to do, and by whom the student is taught; nothing heavy is imported."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.exceptions import RecipeError, UsageError
from mnistkit.runs import RunFolder
from mnistkit.workflows import run_files
from mnistkit.workflows.train_config import DEFAULT_ARCHITECTURE, DEFAULT_DATASET, TrainConfig
from mnistkit.zoo import MeasuredRow, read_measured

if TYPE_CHECKING:
    from mnistkit.recipe import Recipe
    from mnistkit.training.objectives.distillation import Distillation, TransferPictures
    from mnistkit.training.teachers import Teacher

BARGAIN = 0.002
"""How far below the best measured accuracy, as a share, the student is that is taken where none is named."""

BARGAIN_WORDS = f"the smallest network measured within {100 * BARGAIN:g} points of the best"
"""What that student is, in words."""


@dataclass(frozen=True)
class DistillConfig:
    """What to distil.

    Attributes:
        training: How the student is trained, first seed; its changes count for the student alone as well.
        teachers: As :func:`mnistkit.locate.locate_checkpoint` takes them.
        seeds: How many seeds.
        baseline: Whether to train the student alone as well, in the same way and with the same seeds.
        transfer: A folder of pictures without labels to learn from as well; None for none.
        omitted: A class of which the student is shown no image; empty for none.
    """

    training: TrainConfig = field(default_factory=TrainConfig)
    teachers: tuple[str, ...] = ()
    seeds: int = 1
    baseline: bool = False
    transfer: str | None = None
    omitted: str = ""


@dataclass(frozen=True)
class Lessons:
    """Makes the objective of a student from its recipe; picklable, so that it can go to another process.

    Attributes:
        teachers: Who teaches.
        omitted: The class that is left out; empty for none.
        pictures: Pictures without labels; None for none.
    """

    teachers: tuple[Teacher, ...]
    omitted: str = ""
    pictures: TransferPictures | None = None

    def __call__(self, recipe: Recipe) -> Distillation:
        """Return the objective."""
        from mnistkit.training.objectives.distillation import Distillation

        return Distillation(recipe, self.teachers, omitted=self.omitted, pictures=self.pictures)


def best_bargain(rows: Iterable[MeasuredRow] | None = None) -> str:
    """Return the architecture that is the best bargain: the smallest whose accuracy is close to the best.

    That is, of those that were measured alone with their default recipe, the one with the fewest parameters whose
    mean accuracy is at most ``BARGAIN`` below the highest.

    Args:
        rows: What was measured; None for the rows that ship.
    """
    known = read_measured() if rows is None else tuple(rows)
    alone = [row for row in known if row.kind == "network" and not row.teacher and row.dataset == DEFAULT_DATASET]
    if not alone:
        return DEFAULT_ARCHITECTURE
    least = max(row.mean for row in alone) - BARGAIN
    return min((row for row in alone if row.mean >= least), key=lambda row: row.parameters or 0).name


def follow_recorded_lessons(
    config: DistillConfig, given: Collection[str], recipe: Path | None = None
) -> DistillConfig:
    """Return ``config`` with the teachers, the class left out and the pictures of an earlier run.

    That run is the one to resume, or else the one whose ``recipe.toml`` is given, as
    :func:`mnistkit.workflows.recorded_run.follow_recorded_run` has found them.

    Args:
        config: What to distil, whose training follows that run already.
        given: Names of what the user has set.
        recipe: The recipe file that the user has given.

    Raises:
        RecipeError: what the run records is damaged.
    """
    out, source = config.training.out, recipe
    if config.training.resume and out and RunFolder(out).recipe.exists():
        source = RunFolder(out).recipe
    if source is None:
        return config
    objective = run_files.read_facts(source).get("objective", {})
    try:
        return _with_recorded(config, objective, given)
    except (KeyError, TypeError, AttributeError) as error:
        raise RecipeError(f"{source}: what it says of the teachers is damaged", hint="--overwrite") from error


def _with_recorded(config: DistillConfig, objective: Mapping[str, Any], given: Collection[str]) -> DistillConfig:
    taken: dict[str, Any] = {}
    if "teacher" not in given and "teachers" in objective:
        taken["teachers"] = tuple(map(str, objective["checkpoints"]))
    if "omit_class" not in given and "omitted" in objective:
        taken["omitted"] = str(objective["omitted"])
    if "transfer" not in given and "transfer" in objective:
        taken["transfer"] = str(objective["transfer"]["folder"])
    return replace(config, **taken)


def alone(training: TrainConfig) -> TrainConfig:
    """Return how the student is trained alone: as with teachers, but for what only they need."""
    changes = tuple(
        (source, {key: value for key, value in values.items() if not key.startswith("distillation.")})
        for source, values in training.changes
    )
    return replace(training, changes=changes, out=_beside(training.out) if training.out else None)


def _beside(out: Path) -> Path:
    """Return where the student alone goes: not into ``out``, for a run is not begun among other things."""
    named = out if out.name not in ("", "..") else out.resolve()
    return named.with_name(f"{named.name}-alone")


def check_seeds(config: DistillConfig) -> None:
    """Raise if there are no seeds.

    Raises:
        UsageError: less than one.
    """
    if config.seeds < 1:
        raise UsageError(f"--seeds must be at least 1, not {config.seeds}")
