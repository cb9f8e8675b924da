"""``mnistkit train``: train a model into a run folder."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mnistkit.cli.failures import explain_with_traceback
from mnistkit.cli.help import MODEL_AND_DATA, OUTPUT, RECIPE, RUN, examples
from mnistkit.cli.interrupt import stop_on_interrupt
from mnistkit.cli.options import (
    ARCHITECTURES,
    PREPARATIONS,
    DatasetOption,
    Device,
    Json,
    Precision,
    Quiet,
    Seed,
    SkipBad,
    Threads,
    check_shares,
    complete_checkpoint,
)
from mnistkit.data.base import SplitShares
from mnistkit.exceptions import UsageError
from mnistkit.preparation import AUTO
from mnistkit.recipe import DEFAULT_RECIPE
from mnistkit.workflows.train_config import DEFAULT_ARCHITECTURE, DEFAULT_DATASET

if TYPE_CHECKING:
    from mnistkit.reporting.outputs import Output
    from mnistkit.reporting.progress import LoadProgress
    from mnistkit.workflows.train_config import TrainConfig
    from mnistkit.workflows.train_jobs import Job, JobsResult


def check_architectures(names: str | None) -> str | None:
    """Return ``names`` if each of those between its commas is an architecture's, or None.

    Raises:
        UsageError: one is not; the message holds the closest match.
    """
    for name in (names or "").split(",") if names is not None else ():
        ARCHITECTURES.callback(name.strip())
    return names


def complete_architectures(incomplete: str) -> list[str]:
    """Return what may follow the last comma, for shell completion."""
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in ARCHITECTURES.complete(last)]


Archs = Annotated[
    str,
    typer.Option(
        "--arch",
        "-a",
        metavar="NAME[,NAME]",
        help="Architecture, or several; 'mnistkit models' lists them.",
        callback=check_architectures,
        autocompletion=complete_architectures,
        rich_help_panel=MODEL_AND_DATA,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        metavar="N",
        help="Train N seeds or architectures at a time, one process and thread each.",
        show_default="one after the other",
        rich_help_panel=RUN,
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option("--epochs", "-e", metavar="N", help="Passes over the images.", rich_help_panel=RECIPE),
]
BatchSize = Annotated[
    int | None, typer.Option("--batch-size", metavar="N", help="Images in a step.", rich_help_panel=RECIPE)
]
LearningRate = Annotated[
    float | None, typer.Option("--lr", metavar="X", help="Peak learning rate.", rich_help_panel=RECIPE)
]
RecipeChoice = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        metavar="NAME|FILE",
        help="One of the architecture's recipes, such as 'authors'; or a TOML file of recipe keys: a run's "
        "recipe.toml brings its dataset and architecture too.",
        show_default="the architecture's default",
        rich_help_panel=RECIPE,
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Any recipe key, e.g. augmentation.rotation=15; repeatable.",
        rich_help_panel=RECIPE,
    ),
]
PreparationKind = Annotated[
    str,
    typer.Option(
        "--preparation",
        metavar="NAME",
        help="How pictures become 28x28: auto (what suits them), ink, tile (as they are) or whole (shrunk).",
        callback=PREPARATIONS.callback,
        autocompletion=PREPARATIONS.complete,
        rich_help_panel=MODEL_AND_DATA,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR",
        help="Run folder.",
        show_default="runs/ARCH-DATASET-seedN",
        rich_help_panel=OUTPUT,
    ),
]
Seeds = Annotated[
    int, typer.Option("--seeds", metavar="N", help="Train N seeds (seed, seed+1, ...).", rich_help_panel=RUN)
]
Full = Annotated[
    bool,
    typer.Option(
        "--full",
        help="Train on all images, none held out; keep the last weights.",
        rich_help_panel=MODEL_AND_DATA,
    ),
]
Init = Annotated[
    str | None,
    typer.Option(
        "--init",
        metavar="CKPT",
        help="Start from trained weights, e.g. 'pictures'; the last layer is new where the classes differ.",
        autocompletion=complete_checkpoint,
        show_default="new weights",
        rich_help_panel=MODEL_AND_DATA,
    ),
]
Shares = Annotated[
    str | None,
    typer.Option(
        "--split-shares",
        metavar="TRAIN/VAL/TEST",
        help="How a folder is divided, in percent, e.g. 80/10/10.",
        callback=check_shares,
        show_default="79/7/14",
        rich_help_panel=MODEL_AND_DATA,
    ),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on with an unfinished run; alone, with the only one.", rich_help_panel=RUN),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Only say what would be trained: recipe, sizes of the splits, run folder.",
        rich_help_panel=RUN,
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace the run in the folder.", rich_help_panel=RUN)
]


@examples(
    ("mnistkit train --arch lenet5 --seeds 3 --jobs 2", "mean ± std over three seeds, two at a time"),
    ("mnistkit train --epochs 3 --set label_smoothing=0.1", "any recipe key"),
    ("mnistkit train --dataset my-digits/ --init pictures", "your pictures, in a folder per class"),
)
def train(
    context: typer.Context,
    arch: Archs = DEFAULT_ARCHITECTURE,
    dataset: DatasetOption = DEFAULT_DATASET,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    lr: LearningRate = None,
    seed: Seed = None,
    seeds: Seeds = 1,
    jobs: Jobs = None,
    recipe: RecipeChoice = None,
    settings: Settings = None,
    full: Full = False,
    device: Device = "auto",
    threads: Threads = None,
    precision: Precision = None,
    out: Out = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    preparation: PreparationKind = AUTO,
    init: Init = None,
    shares: Shares = None,
    skip_bad: SkipBad = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a model and report its test accuracy.

    The epoch with the best validation loss is kept. What no option sets comes from the architecture's recipe,
    which 'mnistkit models show NAME' prints.
    """
    from mnistkit.reporting.outputs import Output
    from mnistkit.reporting.progress import LoadProgress
    from mnistkit.reporting.training.plan import print_plan
    from mnistkit.reporting.training.terminal import TrainingDisplay, print_result, print_seeds
    from mnistkit.workflows import train as workflow
    from mnistkit.workflows.train_plan import plan_training

    output, display, loading = Output(as_json=as_json), TrainingDisplay(), LoadProgress()
    names = [name.strip() for name in arch.split(",")]
    configs = training_configs(
        context,
        names,
        loading,
        dataset=dataset,
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        seed=seed,
        recipe=recipe,
        settings=settings,
        full=full,
        device=device,
        precision=precision,
        out=out,
        resume=resume,
        overwrite=overwrite,
        preparation=preparation,
        init=init,
        shares=shares,
        skip_bad=skip_bad,
    )
    if jobs is not None or len(names) > 1:
        if dry_run:
            raise UsageError("--dry-run shows one run", hint="leave out --jobs, and name one architecture")
        _train_side_by_side(configs, seeds, 1 if jobs is None else jobs, threads, output)
        return
    (config,) = configs
    if dry_run:
        if seeds != 1:
            raise UsageError("--dry-run shows one run", hint="leave out --seeds, or give --seed")
        with loading:
            plan = plan_training(config)
        output.show(plan, print_plan)
        return
    with loading, stop_on_interrupt(display.note, display.is_training) as should_stop:
        try:
            if seeds == 1:
                output.show(workflow.train(config, display, should_stop), print_result)
            else:
                output.show(workflow.train_seeds(config, seeds, display, should_stop), print_seeds)
        finally:
            display.close()


def training_configs(
    context: typer.Context,
    names: Sequence[str],
    loading: LoadProgress,
    *,
    dataset: str | None,
    epochs: int | None,
    batch_size: int | None,
    lr: float | None,
    seed: int | None,
    recipe: str | None,
    settings: list[str] | None,
    full: bool,
    device: str,
    precision: str | None,
    out: Path | None,
    resume: bool,
    overwrite: bool,
    preparation: str,
    init: str | None,
    shares: str | None,
    skip_bad: bool,
) -> list[TrainConfig]:
    """Return what the options of a command that trains ask for, with what an earlier run records.

    Args:
        context: The command line.
        names: The architectures.
        loading: Shows how far reading the data is.
        dataset: See the option, and so all others.

    Returns:
        One for each architecture.

    Raises:
        UsageError: an option or recipe that cannot be.
        CheckpointError: there are no weights to start from.
        OutputError: the only unfinished run is in use.
    """
    from mnistkit.recipe_sources import name_or_file, recipe_changes
    from mnistkit.reporting import console
    from mnistkit.workflows.recorded_run import follow_recorded_run
    from mnistkit.workflows.train_config import TrainConfig
    from mnistkit.workflows.trained_weights import follow_trained

    options = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": lr,
        "seed": seed,
        "precision": precision,
    }
    recipe_name, recipe_file = name_or_file(recipe)
    changes = recipe_changes(file=recipe_file, settings=settings or (), options=options, warn=console.warn)
    config = TrainConfig(
        architecture=names[0],
        dataset=dataset or DEFAULT_DATASET,
        recipe_name=recipe_name or DEFAULT_RECIPE,
        changes=tuple(changes),
        device=device,
        out=out,
        resume=resume,
        overwrite=overwrite,
        full=full,
        load=replace(
            loading.options(skip_bad=skip_bad, preparation=preparation),
            shares=SplitShares.parse(shares) if shares else None,
        ),
        command=shlex.join(["mnistkit", *sys.argv[1:]]),
        init=init,
    )
    given = given_options(context) | ({"recipe_name"} if recipe_name else set())
    return [
        follow_recorded_run(
            follow_trained(replace(config, architecture=name), given, announce), given, recipe_file, announce
        )
        for name, announce in zip(names, (console.note, *[_say_nothing] * len(names)), strict=False)
    ]


def _say_nothing(line: str) -> None:
    """Leave out what was said of the first of several architectures."""


def _train_side_by_side(
    configs: Sequence[TrainConfig], seeds: int, jobs: int, threads: int | None, output: Output
) -> None:
    """Train all seeds of all architectures, so many at a time, and show what they gave."""
    from mnistkit.reporting.training.jobs import print_jobs
    from mnistkit.workflows.train_jobs import plan_jobs

    result = train_beside_each_other(plan_jobs(configs, seeds), jobs, threads)
    output.show(result, print_jobs)
    result.raise_failures()


def train_beside_each_other(planned: Sequence[Job], side_by_side: int, threads: int | None) -> JobsResult:
    """Train with one display and a process each, and let Ctrl-C stop all of them.

    Args:
        planned: What to train.
        side_by_side: How many at a time.
        threads: How many compute in each; None for one, or for all where there is one training at a time.
    """
    from mnistkit.reporting.training.figure import CurvesWriter
    from mnistkit.reporting.training.jobs import JobsDisplay
    from mnistkit.workflows.train_jobs import JobOptions, train_jobs

    display = JobsDisplay()
    options = JobOptions(
        side_by_side=side_by_side,
        threads=threads if side_by_side == 1 else threads or 1,
        observer=CurvesWriter(),
        explain=explain_with_traceback,
    )
    with stop_on_interrupt(display.note) as should_stop:
        try:
            return train_jobs(planned, options, display, should_stop)
        finally:
            display.close()


def given_options(context: typer.Context) -> set[str]:
    """Return what the user has set, as :func:`mnistkit.workflows.recorded_run.follow_recorded_run` calls it."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    given = {name for name, source in sources.items() if source is not None and source.name != "DEFAULT"}
    return {"architecture" if name in ("arch", "student") else name for name in given}
