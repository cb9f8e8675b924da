"""The program that a checkpoint carries, so that using it needs neither torch nor the architecture's source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mnistkit.checkpoint import CheckpointInfo
from mnistkit.exceptions import LoweringError


def with_program(info: CheckpointInfo, announce: Callable[[str], None]) -> CheckpointInfo:
    """Return the description of a checkpoint with its program.

    Without one, if the architecture cannot be lowered: no training is lost for that.

    Args:
        info: The description.
        announce: Called with one line where there is no program.
    """
    from mnistkit.export.lower import lower_architecture

    try:
        program = lower_architecture(info.architecture, len(info.classes))
    except LoweringError as error:
        announce(f"{error.message}; predict needs torch for it")
        return info
    return replace(info, program=program.to_dict())
