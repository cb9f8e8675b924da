"""Which checkpoint a command works on: the one rule, for every command."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from mnistkit.exceptions import CheckpointError
from mnistkit.paths import is_url, url_error
from mnistkit.registry import close_names, either, shorten
from mnistkit.runs import RUNS, RunFolder, latest_run, runs_with_weights

LATEST = "latest"
DEFAULT_BUNDLED = "pictures"
"""The bundled model that is used where no checkpoint is given."""

WEIGHTS = Path(__file__).parent / "weights"


def bundled_names() -> tuple[str, ...]:
    """Return the names of the trained models that ship with the package."""
    return tuple(sorted(path.stem for path in WEIGHTS.glob("*.safetensors")))


def described(path: Path) -> str:
    """Return what people call a checkpoint file: its path, or a bundled model's name and that it is one."""
    return f"{path.stem}, which ships with mnistkit" if path.parent == WEIGHTS else str(path)


def bundled_path(name: str) -> Path:
    """Return the file of a bundled model, there or not."""
    return WEIGHTS / f"{name}.safetensors"


def locate_checkpoint(spec: str | None, announce: Callable[[str], None] = lambda line: None) -> Path:
    """Return the checkpoint file that ``spec`` means.

    Args:
        spec: A checkpoint file, a run folder, "latest" (the newest finished run under ``runs/``) or the name
            of a bundled model; None means ``DEFAULT_BUNDLED``, or "latest" where that is not bundled.
        announce: Called with one line that says what was chosen, where that is not plain from ``spec``.

    Raises:
        CheckpointError: there is nothing of that name, or the run has not kept any weights yet.
    """
    names = bundled_names()
    if spec is None and DEFAULT_BUNDLED in names:
        path = bundled_path(DEFAULT_BUNDLED)
    elif spec is None or spec == LATEST:
        path = _latest()
    elif spec in names and not _holds_checkpoint(Path(spec)):
        path = bundled_path(spec)
    elif _is(Path.is_dir, spec):
        path = _of_run(RunFolder(Path(spec)))
    elif _is(Path.exists, spec):
        return Path(spec)
    else:
        raise _not_found(spec)
    announce(f"checkpoint: {described(path)}")
    return path


def _holds_checkpoint(path: Path) -> bool:
    """Say whether something in the working folder is meant by its name: a file, or a run, but no other folder."""
    return path.is_file() or RunFolder(path).model.exists()


def _latest() -> Path:
    run = latest_run()
    if run is None:
        raise CheckpointError(f"no finished run in {RUNS}/ to use", hint="mnistkit train")
    return run.model


def _of_run(run: RunFolder) -> Path:
    if run.model.exists():
        return run.model
    if run.status() == "unfinished":
        raise CheckpointError(
            f"{run.path} has no finished epoch yet",
            hint=f"go on with it: mnistkit train --resume --out {run.path}",
        )
    if inside := runs_with_weights(run.path):
        raise CheckpointError(
            f"{run.path} is no run but holds some",
            hint=f"give one of them: {inside[0]} (all: mnistkit runs {run.path})",
        )
    raise CheckpointError(
        f"{run.path} holds no {run.model.name}", hint="give a checkpoint file, or a run folder that has one"
    )


def _is(test: Callable[[Path], bool], spec: str) -> bool:
    # A text that the system refuses as a path (too long) is just not there.
    with suppress(OSError):
        return test(Path(spec))
    return False


def _not_found(spec: str) -> CheckpointError:
    if is_url(spec):
        return url_error("checkpoint", spec, "file", CheckpointError)
    if close := close_names(spec, [LATEST, *bundled_names(), *map(str, runs_with_weights())]):
        meant = either([f"'{each}'" for each in close])
        return CheckpointError(f"checkpoint '{shorten(spec)}' does not exist; did you mean {meant}?")
    choices = ", ".join(bundled_names())
    bundled = f" or a bundled model ({choices})" if choices else ""
    return CheckpointError(
        f"checkpoint '{shorten(spec)}' does not exist",
        hint=f"give a .safetensors file, a run folder, 'latest'{bundled}; or train one: mnistkit train",
    )
