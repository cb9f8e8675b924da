"""Run folders: what a training leaves on disk, and in which state an existing folder is."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mnistkit.exceptions import OutputError
from mnistkit.files import output_error
from mnistkit.run_lock import Holder, RunLock, holder

RUNS = Path("runs")
RunState = Literal["new", "unfinished", "finished"]

# By these words near its start a file is known to be of a run: other programs use the same names.
_MARKS = {
    "recipe.toml": b"[run]",
    "metrics.json": b'"schema": "mnistkit/',
    "model.safetensors": b'"__metadata__":{"mnistkit"',
    "state.safetensors": b'"__metadata__":{"mnistkit"',
}
_MARKED_BYTES = 10_000


@dataclass(frozen=True)
class RunFolder:
    """The files of one training run.

    ``metrics.json`` is written last, so its presence says that the run is finished; ``recipe.toml`` is
    written first.
    """

    path: Path

    @property
    def model(self) -> Path:
        """The chosen weights, a checkpoint."""
        return self.path / "model.safetensors"

    @property
    def state(self) -> Path:
        """The training state from which the run can be resumed."""
        return self.path / "state.safetensors"

    @property
    def recipe(self) -> Path:
        """The resolved recipe."""
        return self.path / "recipe.toml"

    @property
    def history(self) -> Path:
        """Loss, accuracy and learning rate of each epoch."""
        return self.path / "history.csv"

    @property
    def metrics(self) -> Path:
        """The final figures."""
        return self.path / "metrics.json"

    @property
    def curves(self) -> Path:
        """The training curves as a picture."""
        return self.path / "curves.png"

    @property
    def _lock(self) -> Path:
        return self.path / ".lock"

    def status(self) -> RunState:
        """Say whether a run finished here, was started here, or neither."""
        if self.metrics.exists():
            return "finished"
        return "unfinished" if self.recipe.exists() else "new"

    def holder(self) -> Holder | None:
        """Return the process that trains in the folder now, or None."""
        return holder(self._lock)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Create the folder and keep other processes from training in it inside a ``with`` block.

        So it is seen before any long work whether files can be written there. Folders that were created for it and
        are empty at the end go again.

        Raises:
            OutputError: they cannot, or another process trains there; the message says which.
        """
        created = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        with ExitStack() as closing:
            closing.callback(_remove_empty, created)
            try:
                closing.enter_context(RunLock(self._lock))
            except OSError as error:
                raise output_error(self.path, error) from error
            yield

    def is_run(self) -> bool:
        """Say whether one of the files here is known to be of a run."""
        return any(_is_marked(self.path / name) for name in _MARKS)

    def check_ours(self) -> None:
        """Raise if the folder holds files, but no run: nothing is to be written among what others wrote.

        Hidden files do not count; systems leave such where nobody asked for them.

        Raises:
            OutputError: it does, or it cannot be read.
        """
        try:
            names = sorted(path.name for path in self.path.iterdir() if not path.name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise output_error(self.path, error) from error
        if names and not self.is_run():
            more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
            raise OutputError(
                f"{self.path} is not empty and holds no run: {names[0]}{more}",
                hint="choose a new or an empty folder with --out",
            )

    def check_nothing_is_lost(self) -> None:
        """Raise if the folder holds weights or a state that no recipe belongs to: only they are left of a run.

        Raises:
            OutputError: it does.
        """
        for path in (self.model, self.state):
            if path.exists() and not self.recipe.exists():
                raise OutputError(
                    f"{self.path} holds {path.name} of a run whose {self.recipe.name} is missing",
                    hint="choose another folder with --out, or --overwrite it",
                )

    def clear(self) -> None:
        """Remove the files of an earlier run; other files stay.

        Raises:
            OutputError: the folder cannot be written.
        """
        try:
            for file in (self.metrics, self.state, self.model, self.history, self.curves, self.recipe):
                file.unlink(missing_ok=True)
        except OSError as error:
            raise output_error(self.path, error) from error

    def check_space(self, needed: int) -> None:
        """Raise unless the disk has ``needed`` bytes free, before hours of training are lost to it.

        Raises:
            OutputError: too little space.
        """
        existing = next(folder for folder in (self.path, *self.path.absolute().parents) if folder.exists())
        free = shutil.disk_usage(existing).free
        if free < needed:
            raise OutputError(
                f"{self.path}: only {free / 1e6:.0f} MB free, a run needs {needed / 1e6:.0f} MB",
                hint="free some space, or choose another place with --out",
            )


def default_run_path(architecture: str, dataset: str, seed: int, *, suffix: str = "", full: bool = False) -> Path:
    """Return ``runs/<architecture>-<dataset>-seed<seed>`` and what sets the run apart from others of that name.

    Args:
        architecture: Its public name.
        dataset: A registered name, or a folder, of which the last name counts.
        seed: The run's seed.
        suffix: Of a recipe that is not the default, and of an objective that depends on more than the recipe.
        full: Whether the run holds out no validation images.
    """
    name = re.sub(r"[^\w.-]+", "-", Path(dataset).name or "data")
    return RUNS / f"{architecture}-{name}-seed{seed}{suffix}{'-full' if full else ''}"


def latest_run(root: Path = RUNS) -> RunFolder | None:
    """Return the finished run under ``root`` that was finished last, or None; none that is trained again now."""
    finished = [RunFolder(path.parent) for path in root.glob("**/metrics.json")]
    newest_first = sorted(finished, key=lambda run: run.metrics.stat().st_mtime, reverse=True)
    return next((run for run in newest_first if run.model.exists() and run.holder() is None), None)


def runs_with_weights(root: Path = RUNS) -> list[Path]:
    """Return the folders under ``root`` that hold trained weights, in alphabetical order."""
    return sorted(path.parent for path in root.glob("**/model.safetensors"))


def unfinished_runs(root: Path = RUNS) -> list[RunFolder]:
    """Return the runs under ``root`` that were begun and not finished, whether they go on now or not, by name."""
    runs = (RunFolder(path.parent) for path in sorted(root.glob("**/recipe.toml")))
    return [run for run in runs if run.status() == "unfinished" and _is_marked(run.recipe)]


def _is_marked(path: Path) -> bool:
    """Say whether a file with one of our names is ours."""
    try:
        with path.open("rb") as file:
            return _MARKS[path.name] in file.read(_MARKED_BYTES)
    except OSError:
        return False


def _remove_empty(folders: list[Path]) -> None:
    """Remove those of ``folders`` that are empty, the innermost first."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()
