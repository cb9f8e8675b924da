"""Every error mnistkit raises on purpose, with the exit code the command line gives it.

Standard library only, so that any module may import it at start-up.
"""

from __future__ import annotations


class MnistkitError(Exception):
    """A failure that is explained to the user in one line.

    Args:
        message: One line that names the problem and its object.
        hint: One line that says what to do or type next, if there is such a thing.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.message = _one_line(message)
        self.hint = _one_line(hint) if hint else None
        super().__init__(self.message)


def _one_line(text: str) -> str:
    """Return ``text`` without line breaks and control characters, which a file's or a key's name may hold."""
    return "".join(character if character.isprintable() else "?" for character in text)


class UsageError(MnistkitError):
    """The request itself is wrong: an option value, a name, a key. Exit code 2."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name that is in no registry or list of choices; the message holds the close matches."""


class RecipeError(UsageError):
    """A recipe key that does not exist, or a value of the wrong type or out of range."""


class DeviceError(UsageError):
    """A compute device or precision that this machine does not have."""


class DataError(MnistkitError):
    """A dataset that cannot be read: no images, one class, a damaged picture or IDX file."""


class PictureError(DataError):
    """A picture that cannot be read: missing, damaged, too large, of a kind that is not supported."""


class DownloadError(DataError):
    """A dataset that could not be downloaded: no network, a broken connection, a wrong digest."""


class CheckpointError(MnistkitError):
    """A checkpoint that is missing, damaged, of another format, or does not fit."""


class LoweringError(MnistkitError):
    """A model that cannot be lowered to a program: it uses an operation that programs do not have."""


class OutputError(MnistkitError):
    """An output that cannot be written: no permission, a full disk, an existing result."""


class NonFiniteLossError(MnistkitError):
    """Training diverged: the loss became NaN or infinite."""


class ThresholdNotMetError(MnistkitError):
    """A result stays below the threshold the user set (``--fail-under``). Exit code 3."""

    exit_code = 3


class SomeInputsFailedError(MnistkitError):
    """Some of several inputs could not be used; the others were. Exit code 3."""

    exit_code = 3


class InterruptedRunError(MnistkitError):
    """The user stopped a run (Ctrl-C); what was reached so far has been saved. Exit code 130."""

    exit_code = 130
