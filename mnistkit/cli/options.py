"""Options and arguments that several subcommands share, each declared once.

Names are checked here, before torch is loaded; a mistyped one is answered at once. An option that only one command
has is declared there, in one of the groups of :mod:`mnistkit.cli.help`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from mnistkit.cli.help import MODEL_AND_DATA, OUTPUT, RECIPE, RUN
from mnistkit.data import check_dataset, dataset_names
from mnistkit.data.base import SPLITS, SplitShares
from mnistkit.device import CHOICES, check_device_name
from mnistkit.exceptions import UsageError
from mnistkit.inference.backends import BACKENDS
from mnistkit.locate import DEFAULT_BUNDLED, LATEST, bundled_names
from mnistkit.models import check_model_name, model_names
from mnistkit.preparation import CHOICES as PREPARATION_CHOICES
from mnistkit.recipe import PRECISIONS
from mnistkit.registry import check_name, close_names
from mnistkit.runs import runs_with_weights
from mnistkit.threads import VARIABLE as THREADS_VARIABLE
from mnistkit.threads import choose_threads


class Names:
    """The names that an option or argument takes: what is accepted of it, and what completion offers.

    Args:
        known: Returns all names.
        check: Returns a value that is right, and raises :class:`UsageError` for others.
    """

    def __init__(self, known: Callable[[], Iterable[str]], check: Callable[[str], str]) -> None:
        self._known = known
        self._check = check

    def callback(self, value: str | None) -> str | None:
        """Return ``value`` if it is right or was not given.

        Raises:
            UsageError: it is wrong; the message holds the closest match.
        """
        return value if value is None else self._check(value)

    def close(self, value: str) -> list[str]:
        """Return the names that ``value`` was probably meant to be."""
        return close_names(value, self._known())

    def complete(self, incomplete: str) -> list[str]:
        """Return the names that start with ``incomplete``, for shell completion."""
        return [name for name in self._known() if name.startswith(incomplete)]


def one_of(kind: str, known: Collection[str]) -> Names:
    """Return the names of an option that takes one of the ``known`` ones; messages call them ``kind``."""
    return Names(lambda: known, lambda name: check_name(kind, name, known))


def _known_models() -> Iterable[str]:
    # Only one command takes such a name; the pages of all others need not wait for it.
    from mnistkit.workflows.models import known_models

    return known_models()


def _check_model(spec: str) -> str:
    from mnistkit.workflows.models import check_model

    return check_model(spec)


ARCHITECTURES = Names(model_names, check_model_name)
# Folders are datasets too, and checkpoints' paths are models; the shell itself completes them.
MODELS = Names(_known_models, _check_model)
DATASETS = Names(dataset_names, check_dataset)
DEVICES = Names(lambda: CHOICES, check_device_name)
PREPARATIONS = one_of("preparation", PREPARATION_CHOICES)
PRECISION_NAMES = one_of("precision", PRECISIONS)
BACKEND_NAMES = one_of("backend", BACKENDS)
SPLIT_NAMES = one_of("split", SPLITS)


_BY_VALUE = {
    "--arch": ARCHITECTURES,
    "--backend": BACKEND_NAMES,
    "--student": ARCHITECTURES,
    "--dataset": DATASETS,
    "--device": DEVICES,
    "--preparation": PREPARATIONS,
    "--precision": PRECISION_NAMES,
    "--split": SPLIT_NAMES,
}


def option_for(value: str, options: Collection[str]) -> str | None:
    """Return which of a command's ``options`` takes ``value`` or a name close to it ("--arch lenet5"), or None."""
    for option, names in _BY_VALUE.items():
        if option in options:
            with suppress(UsageError):
                return f"{option} {names.callback(value)}"
    close = ((option, names.close(value)) for option, names in _BY_VALUE.items() if option in options)
    return next((f"{option} {found[0]}" for option, found in close if found), None)


def complete_checkpoint(incomplete: str) -> list[str]:
    """Return "latest", bundled models and run folders that start with ``incomplete``, for shell completion."""
    runs = map(str, runs_with_weights())
    return [name for name in (LATEST, *bundled_names(), *runs) if name.startswith(incomplete)]


def all_checkpoints(checkpoints: list[str] | None, more: list[str] | None) -> tuple[str, ...]:
    """Return the checkpoints given as arguments, then those given by ``--checkpoint``."""
    return (*(checkpoints or ()), *(more or ()))


def check_seed(seed: int | None) -> int | None:
    """Return ``seed`` if a run can have it, or None.

    Raises:
        UsageError: it is too large, or negative.
    """
    if seed is not None and not 0 <= seed < 2**32:
        raise UsageError(f"--seed must be a whole number from 0 to {2**32 - 1}, not {seed}")
    return seed


def _be_quiet(context: typer.Context, wanted: bool) -> bool:
    """Leave out progress and notes until the command line of ``context`` ends, if that is ``wanted``."""
    if wanted and not context.resilient_parsing:
        from mnistkit.reporting import console

        context.find_root().with_resource(console.quiet())
    return wanted


def _use_threads(context: typer.Context, option: typer.CallbackParam, count: int | None) -> int | None:
    """Let ``count`` threads compute until the command line of ``context`` ends.

    Raises:
        UsageError: less than one.
    """
    if not context.resilient_parsing:
        source = context.get_parameter_source(option.name or "")
        choose_threads(count, THREADS_VARIABLE if source and source.name == "ENVIRONMENT" else "--threads")
        context.find_root().call_on_close(lambda: choose_threads(None))
    return count


def check_shares(text: str | None) -> str | None:
    """Return the split shares that ``text`` writes as "TRAIN/VAL/TEST", as text again, or None.

    Raises:
        UsageError: it writes none.
    """
    return None if text is None else str(SplitShares.parse(text))


def split_option(show_default: bool | str = True) -> Any:
    """Return the option that chooses a split; ``show_default`` is what its help says where none is given."""
    return typer.Option(
        "--split",
        metavar="NAME",
        help="test, val, train or all.",
        callback=SPLIT_NAMES.callback,
        autocompletion=SPLIT_NAMES.complete,
        show_default=show_default,
        rich_help_panel=MODEL_AND_DATA,
    )


ModelName = Annotated[
    str,
    typer.Argument(
        metavar="NAME|CKPT",
        help="Architecture, bundled model ('mnistkit models' lists both), checkpoint, run folder or 'latest'.",
        callback=MODELS.callback,
        autocompletion=MODELS.complete,
        show_default=False,
    ),
]
DatasetOption = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        "-d",
        metavar="NAME|FOLDER",
        help="Dataset ('mnistkit datasets' lists them), or a folder of pictures or IDX files.",
        callback=DATASETS.callback,
        autocompletion=DATASETS.complete,
        rich_help_panel=MODEL_AND_DATA,
    ),
]
DatasetName = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="Dataset, or a folder; 'mnistkit datasets' lists them.",
        callback=DATASETS.callback,
        autocompletion=DATASETS.complete,
        show_default=False,
    ),
]
Split = Annotated[str, split_option()]
Device = Annotated[
    str,
    typer.Option(
        "--device",
        envvar="MNISTKIT_DEVICE",
        metavar="DEVICE",
        help="auto, cpu, cuda (or gpu), cuda:N, mps or xpu.",
        callback=DEVICES.callback,
        autocompletion=DEVICES.complete,
        rich_help_panel=RUN,
    ),
]
Backend = Annotated[
    str,
    typer.Option(
        "--backend",
        metavar="NAME",
        help="What computes: numpy, which starts at once, torch, or auto for the one that is done first.",
        callback=BACKEND_NAMES.callback,
        autocompletion=BACKEND_NAMES.complete,
        rich_help_panel=RUN,
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        envvar=THREADS_VARIABLE,
        metavar="N",
        help="Threads that compute on a CPU.",
        callback=_use_threads,
        show_default="one a core",
        rich_help_panel=RUN,
    ),
]
Precision = Annotated[
    str | None,
    typer.Option(
        "--precision",
        metavar="NAME",
        help="Arithmetic of the forward pass: auto, fp32, bf16 or fp16.",
        callback=PRECISION_NAMES.callback,
        autocompletion=PRECISION_NAMES.complete,
        rich_help_panel=RUN,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="N",
        help="Seed of initial weights, order and augmentation.",
        callback=check_seed,
        show_default=False,
        rich_help_panel=RECIPE,
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON document on standard output instead.", rich_help_panel=OUTPUT),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        help="No progress and no notes; results, warnings and errors stay.",
        callback=_be_quiet,
        rich_help_panel=OUTPUT,
    ),
]
SkipBad = Annotated[
    bool,
    typer.Option(
        "--skip-bad",
        help="Leave out a folder's unreadable pictures instead of stopping.",
        rich_help_panel=MODEL_AND_DATA,
    ),
]
Outs = Annotated[
    list[Path] | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="Also write the result to a file, whose suffix chooses the format; may be given several times.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
_CHECKPOINT_HELP = (
    "Checkpoint file, run folder, bundled model ('mnistkit models' lists them) "
    "or 'latest' (the newest finished run)."
)
_CHECKPOINT_DEFAULT = f"the bundled '{DEFAULT_BUNDLED}', or 'latest' without it"
_CHECKPOINT_ARGUMENT: Any = typer.Argument(
    metavar="CKPT",
    help=_CHECKPOINT_HELP,
    autocompletion=complete_checkpoint,
    show_default=_CHECKPOINT_DEFAULT,
)
Checkpoints = Annotated[list[str] | None, _CHECKPOINT_ARGUMENT]
OneCheckpoint = Annotated[str | None, _CHECKPOINT_ARGUMENT]
CheckpointOption = Annotated[
    str | None,
    typer.Option(
        "--checkpoint",
        "-c",
        metavar="CKPT",
        help=_CHECKPOINT_HELP,
        autocompletion=complete_checkpoint,
        show_default=_CHECKPOINT_DEFAULT,
        rich_help_panel=MODEL_AND_DATA,
    ),
]
MoreCheckpoints = Annotated[
    list[str] | None,
    typer.Option(
        "--checkpoint",
        "-c",
        metavar="CKPT",
        help="A checkpoint, as CKPT is; may be given several times.",
        autocompletion=complete_checkpoint,
        rich_help_panel=MODEL_AND_DATA,
    ),
]
