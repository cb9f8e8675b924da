"""``mnistkit distill``: train a small model by what larger ones answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnistkit.cli.help import MODEL_AND_DATA, RUN, examples
from mnistkit.cli.interrupt import stop_on_interrupt
from mnistkit.cli.options import ARCHITECTURES, complete_checkpoint
from mnistkit.cli.taken_options import with_options_of
from mnistkit.cli.train import given_options, train, train_beside_each_other, training_configs
from mnistkit.exceptions import UsageError
from mnistkit.workflows.distill_config import BARGAIN_WORDS

if TYPE_CHECKING:
    from mnistkit.reporting.outputs import Output
    from mnistkit.reporting.progress import LoadProgress
    from mnistkit.workflows.distill import DistillPlan, TrainAll
    from mnistkit.workflows.distill_result import DistillResult
    from mnistkit.workflows.train import TrainResult
    from mnistkit.workflows.train_jobs import Job

Teachers = Annotated[
    list[str] | None,
    typer.Option(
        "--teacher",
        "-t",
        metavar="CKPT",
        help="Checkpoint file, run folder, bundled model or 'latest'; several teach together.",
        autocompletion=complete_checkpoint,
        show_default="that of the run to go on with",
        rich_help_panel=MODEL_AND_DATA,
    ),
]
Student = Annotated[
    str | None,
    typer.Option(
        "--student",
        "-s",
        metavar="NAME",
        help="Architecture of the student; 'mnistkit models' lists them.",
        callback=ARCHITECTURES.callback,
        autocompletion=ARCHITECTURES.complete,
        show_default=BARGAIN_WORDS,
        rich_help_panel=MODEL_AND_DATA,
    ),
]
Baseline = Annotated[
    bool,
    typer.Option(
        "--baseline",
        help="Train the student alone as well: same seeds, epochs, augmentation.",
        rich_help_panel=RUN,
    ),
]
Transfer = Annotated[
    str | None,
    typer.Option(
        "--transfer",
        metavar="FOLDER",
        help="Learn from pictures without labels too, prepared as predict does.",
        show_default=False,
        rich_help_panel=MODEL_AND_DATA,
    ),
]
OmitClass = Annotated[
    str | None,
    typer.Option(
        "--omit-class",
        metavar="CLASS",
        help="Show the student no image of this class.",
        show_default=False,
        rich_help_panel=MODEL_AND_DATA,
    ),
]

# What decides where and when is trained, and not what.
_NOT_OF_A_TRAINING = ("seeds", "jobs", "threads", "dry_run", "as_json", "quiet")


@with_options_of(train, without=("context", "arch"))
@examples(
    ("mnistkit distill --teacher convnext", "the bundled one teaches the best bargain"),
    ("mnistkit distill -t convnext --baseline --seeds 3", "what the teacher is worth"),
    ("mnistkit distill -t convnext --omit-class 3", "a student that never sees a 3"),
)
def distill(
    context: typer.Context,
    teacher: Teachers = None,
    student: Student = None,
    baseline: Baseline = False,
    transfer: Transfer = None,
    omit_class: OmitClass = None,
    **options: Any,
) -> None:
    """Train a small model by what larger ones answer.

    The student learns the teachers' softened answers beside the labels; the recipe's table 'distillation' says how
    (--set distillation.temperature=8). At the end teacher, student alone and distilled student stand side by side.
    """
    from mnistkit.recipe_sources import name_or_file
    from mnistkit.reporting import console
    from mnistkit.reporting.distill.terminal import print_distillation
    from mnistkit.reporting.outputs import Output
    from mnistkit.reporting.progress import LoadProgress
    from mnistkit.workflows.distill import distill_as_planned, plan_distillation
    from mnistkit.workflows.distill_config import DistillConfig, best_bargain, follow_recorded_lessons

    output, loading = Output(as_json=options["as_json"]), LoadProgress()
    settings = {name: value for name, value in options.items() if name not in _NOT_OF_A_TRAINING}
    chosen = student or best_bargain()
    (training,) = training_configs(context, [chosen], loading, **settings)
    config = follow_recorded_lessons(
        DistillConfig(
            training=training,
            teachers=tuple(teacher or ()),
            seeds=options["seeds"],
            baseline=baseline,
            transfer=transfer,
            omitted=omit_class or "",
        ),
        given_options(context),
        name_or_file(options["recipe"])[1],
    )
    if student is None and training.architecture == chosen:
        console.note(f"student: {chosen}, {BARGAIN_WORDS}; --student names another")
    plan = plan_distillation(config, console.note)
    for line in plan.advice:
        console.warn(line)
    if options["dry_run"]:
        _show_plan(plan, output, loading)
        return
    if options["jobs"] is not None:
        result = distill_as_planned(plan, _side_by_side(options["jobs"], options["threads"]), console.note)
    else:
        result = _one_after_the_other(plan, loading)
    output.show(result, print_distillation)


def _show_plan(plan: DistillPlan, output: Output, loading: LoadProgress) -> None:
    """Show what would be trained."""
    from mnistkit.reporting import console
    from mnistkit.reporting.training.plan import print_plan
    from mnistkit.workflows.train_plan import plan_training

    if len(plan.taught) != 1:
        raise UsageError("--dry-run shows one run", hint="leave out --seeds, or give --seed")
    (job,) = plan.taught
    with loading:
        found = plan_training(job.config, job.objective)
    if plan.lessons.omitted or plan.lessons.pictures:
        console.note("the plan counts the labelled images of all classes")
    output.show(found, print_plan)


def _side_by_side(jobs: int, threads: int | None) -> TrainAll:
    """Return what trains so many at a time, with one display."""

    def train_all(planned: Sequence[Job]) -> Sequence[TrainResult]:
        result = train_beside_each_other(planned, jobs, threads)
        result.raise_failures()
        return result.runs

    return train_all


def _one_after_the_other(plan: DistillPlan, loading: LoadProgress) -> DistillResult:
    """Train in this process, one after the other, and measure."""
    from mnistkit.reporting import console
    from mnistkit.reporting.training.terminal import TrainingDisplay
    from mnistkit.workflows.distill import distill_as_planned, one_by_one

    display = TrainingDisplay()
    with loading, stop_on_interrupt(display.note, display.is_training) as should_stop:
        try:
            return distill_as_planned(plan, one_by_one(display, should_stop), console.note)
        finally:
            display.close()
