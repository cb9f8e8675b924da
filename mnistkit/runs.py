"""Run folders: what a training leaves on disk, and in which state an existing folder is."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mnistkit.exceptions import OutputError
from mnistkit.files import output_error

RUNS = Path("runs")
RunState = Literal["new", "unfinished", "finished"]


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

    def status(self) -> RunState:
        """Say whether a run finished here, was started here, or neither."""
        if self.metrics.exists():
            return "finished"
        return "unfinished" if self.recipe.exists() else "new"

    def create(self) -> None:
        """Create the folder and see that files can be written there, before any long work.

        Raises:
            OutputError: they cannot.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            raise output_error(self.path, error) from error

    def clear(self) -> None:
        """Create the folder, or remove the files of an earlier run from it; other files stay.

        Raises:
            OutputError: the folder cannot be created or written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
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
        suffix: Of the objective, if it depends on more than the recipe.
        full: Whether the run holds out no validation images.
    """
    name = re.sub(r"[^\w.-]+", "-", Path(dataset).name or "data")
    return RUNS / f"{architecture}-{name}-seed{seed}{suffix}{'-full' if full else ''}"


def latest_run(root: Path = RUNS) -> RunFolder | None:
    """Return the finished run under ``root`` that was finished last, or None."""
    finished = [RunFolder(path.parent) for path in root.glob("**/metrics.json")]
    finished = [run for run in finished if run.model.exists()]
    return max(finished, key=lambda run: run.metrics.stat().st_mtime, default=None)
