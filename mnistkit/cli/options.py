"""Options and arguments that several subcommands share, each declared once.

Names are checked here, before torch is loaded; a mistyped one is answered at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mnistkit.data import check_dataset, dataset_names
from mnistkit.data.base import SPLITS
from mnistkit.device import CHOICES, check_device_name
from mnistkit.exceptions import UsageError
from mnistkit.locate import DEFAULT_BUNDLED, LATEST, bundled_names
from mnistkit.models import check_model_name, model_names
from mnistkit.recipe import PRECISIONS
from mnistkit.registry import unknown_name
from mnistkit.runs import RUNS


def complete_model(incomplete: str) -> list[str]:
    """Return the architectures whose names start with ``incomplete``, for shell completion."""
    return _starting(model_names(), incomplete)


def complete_dataset(incomplete: str) -> list[str]:
    """Return the datasets whose names start with ``incomplete``; the shell itself completes folders."""
    return _starting(dataset_names(), incomplete)


def complete_device(incomplete: str) -> list[str]:
    """Return the kinds of device that start with ``incomplete``."""
    return _starting(CHOICES, incomplete)


def complete_precision(incomplete: str) -> list[str]:
    """Return the precisions that start with ``incomplete``."""
    return _starting(PRECISIONS, incomplete)


def complete_split(incomplete: str) -> list[str]:
    """Return the splits that start with ``incomplete``."""
    return _starting(SPLITS, incomplete)


def complete_checkpoint(incomplete: str) -> list[str]:
    """Return "latest", bundled models and run folders that start with ``incomplete``."""
    runs = [str(path) for path in RUNS.glob("*") if path.is_dir()]
    return _starting((LATEST, *bundled_names(), *sorted(runs)), incomplete)


def check_precision(name: str) -> str:
    """Return ``name`` if it is a precision.

    Raises:
        UnknownNameError: it is not; the message holds the closest match.
    """
    if name not in PRECISIONS:
        raise unknown_name("precision", name, PRECISIONS)
    return name


def _starting(names: tuple[str, ...], start: str) -> list[str]:
    return [name for name in names if name.startswith(start)]


def _checked_model(name: str | None) -> str | None:
    return name if name is None else check_model_name(name)


def _checked_dataset(spec: str | None) -> str | None:
    return spec if spec is None else check_dataset(spec)


def _checked_device(spec: str | None) -> str | None:
    return spec if spec is None else check_device_name(spec)


def _checked_precision(name: str | None) -> str | None:
    return name if name is None else check_precision(name)


def check_split(name: str | None) -> str | None:
    """Return ``name`` if it is a split, or None.

    Raises:
        UnknownNameError: it is neither; the message holds the closest match.
    """
    if name is not None and name not in SPLITS:
        raise unknown_name("split", name, SPLITS)
    return name


def _checked_seed(seed: int | None) -> int | None:
    if seed is not None and not 0 <= seed < 2**32:
        raise UsageError(f"--seed must be a whole number from 0 to {2**32 - 1}, not {seed}")
    return seed


Arch = Annotated[
    str,
    typer.Option(
        "--arch",
        "-a",
        metavar="NAME",
        help="Architecture; 'mnistkit models' lists them.",
        callback=_checked_model,
        autocompletion=complete_model,
    ),
]
ModelName = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="Architecture; 'mnistkit models' lists them.",
        callback=_checked_model,
        autocompletion=complete_model,
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
        callback=_checked_dataset,
        autocompletion=complete_dataset,
    ),
]
DatasetName = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="Dataset, or a folder; 'mnistkit datasets' lists them.",
        callback=_checked_dataset,
        autocompletion=complete_dataset,
        show_default=False,
    ),
]
Split = Annotated[
    str,
    typer.Option(
        "--split",
        metavar="NAME",
        help="test, val or train.",
        callback=check_split,
        autocompletion=complete_split,
    ),
]
Device = Annotated[
    str,
    typer.Option(
        "--device",
        envvar="MNISTKIT_DEVICE",
        metavar="DEVICE",
        help="auto, cpu, cuda, cuda:N, mps or xpu.",
        callback=_checked_device,
        autocompletion=complete_device,
    ),
]
Precision = Annotated[
    str | None,
    typer.Option(
        "--precision",
        metavar="NAME",
        help="Arithmetic of the forward pass: auto, fp32, bf16 or fp16.",
        callback=_checked_precision,
        autocompletion=complete_precision,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="N",
        help="Seed of initial weights, order and augmentation.",
        callback=_checked_seed,
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output instead.")]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out a folder's unreadable pictures instead of stopping.")
]
Outs = Annotated[
    list[Path] | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="Also write the result to a file, whose suffix chooses the format; may be given several times.",
        show_default=False,
    ),
]
_CHECKPOINT_HELP = (
    "Checkpoint file, run folder, bundled model ('mnistkit models' lists them) "
    "or 'latest' (the newest finished run)."
)
_CHECKPOINT_DEFAULT = f"the bundled '{DEFAULT_BUNDLED}', or 'latest' without it"
Checkpoints = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="CKPT",
        help=_CHECKPOINT_HELP,
        autocompletion=complete_checkpoint,
        show_default=_CHECKPOINT_DEFAULT,
    ),
]
CheckpointOption = Annotated[
    str | None,
    typer.Option(
        "--checkpoint",
        "-c",
        metavar="CKPT|NAME",
        help=_CHECKPOINT_HELP,
        autocompletion=complete_checkpoint,
        show_default=_CHECKPOINT_DEFAULT,
    ),
]
