"""Run folders without a training."""

from __future__ import annotations

import os
from pathlib import Path

from mnistkit.runs import RunFolder


def finished_run(name: str, when: int) -> RunFolder:
    """Make a folder in ``runs`` that counts as a run finished at the time ``when``."""
    run = RunFolder(Path("runs") / name)
    run.path.mkdir(parents=True)
    run.recipe.write_text("[run]\n")
    run.model.write_text("x")
    run.metrics.write_text('{"schema": "mnistkit/metrics/1"}')
    os.utime(run.metrics, (when, when))
    return run
