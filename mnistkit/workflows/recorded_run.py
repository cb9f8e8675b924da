"""Training what an earlier run did: its ``recipe.toml`` records that, and counts where nothing else was said."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mnistkit.data import check_dataset, is_folder
from mnistkit.data.base import SplitShares
from mnistkit.exceptions import OutputError, RecipeError, UnknownNameError, UsageError
from mnistkit.models import check_model_name
from mnistkit.runs import RUNS, RunFolder, unfinished_runs
from mnistkit.workflows import run_files
from mnistkit.workflows.train_config import PREPARATION, RECIPE, SHARES, TrainConfig
from mnistkit.workflows.trained_weights import INIT, recorded_init

_NAMES: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "architecture": ("--arch", check_model_name),
    "dataset": ("--dataset", check_dataset),
}
# What can be said with --resume without saying which run is meant.
_SAYS_NOT_WHICH = {"resume", "dry_run", "jobs", "device", "skip_bad", "as_json", "quiet"}


def follow_recorded_run(
    config: TrainConfig,
    given: Collection[str],
    recipe: Path | None = None,
    announce: Callable[[str], None] = lambda line: None,
) -> TrainConfig:
    """Return ``config`` with what an earlier run records, where the user has said nothing.

    That is the run to resume, if there is one; otherwise the one whose ``recipe.toml`` is given as a recipe. To
    resume without saying what is to resume the only unfinished run.

    Args:
        config: What to train, with defaults where the user has said nothing.
        given: Names of what the user has set: fields of ``config``, "preparation", and what else there is.
        recipe: The recipe file that the user has given.
        announce: Called with one line that says what was taken from where.

    Raises:
        UsageError: more than one unfinished run could be meant.
        OutputError: there is none, or the only one is in use.
        RecipeError: the file cannot be read, or what it records is damaged or not here any more.
    """
    if config.resume and set(given) <= _SAYS_NOT_WHICH:
        folder = _only_unfinished_run()
        announce(f"going on with {folder.path}")
        config = replace(config, out=folder.path)
    source = recipe
    if config.resume and config.out and RunFolder(config.out).recipe.exists():
        source = RunFolder(config.out).recipe
    if source is None:
        return config
    taken = _recorded(source, config, given)
    if taken:
        announce(f"from {source}: {', '.join(_phrase(name, value) for name, value in taken.items())}")
    load = {name: taken.pop(name) for name in (PREPARATION, SHARES) if name in taken}
    return replace(config, **taken, load=replace(config.load, **load))


def _only_unfinished_run() -> RunFolder:
    runs = unfinished_runs()
    free = [run for run in runs if run.holder() is None]
    if len(free) > 1:
        raise UsageError(
            f"{len(free)} runs are unfinished: {', '.join(str(run.path) for run in free)}",
            hint=f"say which: mnistkit train --resume --out {free[0].path}",
        )
    if runs and not free:
        raise OutputError(f"{runs[0].path} is in use by {runs[0].holder()}", hint="wait until it ends")
    if not free:
        raise OutputError(
            f"no run in {RUNS}/ is unfinished",
            hint="name one that lies elsewhere with --out; a new one is started without --resume",
        )
    return free[0]


def _recorded(source: Path, config: TrainConfig, given: Collection[str]) -> dict[str, Any]:
    """Return what the run of ``source`` records of what the user has not said, by the fields of ``config``."""
    facts = run_files.read_facts(source)
    taken: dict[str, Any] = {}
    for name, (option, check) in _NAMES.items():
        if name in facts and name not in given:
            try:
                taken[name] = check(str(facts[name]))
            except UnknownNameError as error:
                raise RecipeError(
                    f"{source}: {error.message}", hint=f"choose another one with {option}"
                ) from error
    # The name of a recipe means something for its architecture only.
    is_its_architecture = taken.get("architecture", config.architecture) == facts.get("architecture")
    if is_its_architecture and RECIPE in facts and "recipe_name" not in given:
        taken["recipe_name"] = str(facts[RECIPE])
    if facts.get("full") is True and "full" not in given:
        taken["full"] = True
    init = recorded_init(facts, source)
    if init and INIT not in given and not config.resume:
        taken[INIT] = init["checkpoint"]
    # A preparation suits its pictures; and a run that is resumed looks for its own itself.
    is_its_folder = "dataset" in taken and is_folder(taken["dataset"])
    if is_its_folder and SHARES in facts and SHARES not in given:
        taken[SHARES] = SplitShares.parse(str(facts[SHARES]))
    if is_its_folder and PREPARATION not in given and not config.resume:
        preparation = run_files.preparation_of(facts, source)
        taken |= {PREPARATION: preparation} if preparation else {}
    return taken


def _phrase(name: str, value: Any) -> str:
    return name if value is True else f"{name.removesuffix('_name')} {value}"
