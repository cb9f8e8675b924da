"""What is said about recognised pictures, in the same words everywhere; names of files that break no line."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

from mnistkit.inference.answers import ERROR, VERDICTS, Answer, Verdict
from mnistkit.inference.calibration import Calibration
from mnistkit.numbers import counted, percentage

_ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def escaped(name: str) -> str:
    """Return a file's name in one line without tabs, control characters and bytes that are no text.

    They are written as ``\\t``, ``\\n``, ``\\r``, ``\\xNN`` (a byte), ``\\uNNNN`` or ``\\UNNNNNNNN`` (a
    character), which ``printf %b`` reads; a backslash is doubled, except on Windows, where it only separates
    folders.
    """
    if name.isprintable() and "\\" not in name:
        return name
    return "".join(map(_escaped_character, name))


def _escaped_character(character: str) -> str:
    if character == "\\":
        return character if os.sep == "\\" else "\\\\"
    if character.isprintable():
        return character
    code = ord(character)
    # Python reads a byte that is no UTF-8 as a lone surrogate, U+DC80 to U+DCFF.
    byte = code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code
    if byte < 0x80 or byte != code:
        return _ESCAPES.get(character, f"\\x{byte:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def sentence(answer: Answer) -> str:
    """Return the answer in a sentence for people: the class, or the verdict and what it means."""
    best = f"{answer.guess} with {percentage(answer.probability or 0.0, 1)}"
    if answer.verdict is Verdict.DIGIT:
        return best
    least = percentage(answer.calibration.threshold, 1)
    meaning = {
        Verdict.UNSURE: f"most probably {best}, below {least} no digit is named",
        Verdict.NOTHING: "no digit is found",
        Verdict.SEVERAL: f"{answer.count} digits are found; give pictures of one digit each",
        Verdict.NOT_A_DIGIT: "what is found does not look like one",
    }[answer.verdict]
    return f"{answer.verdict.value}: {meaning}"


def rule(calibration: Calibration) -> str:
    """Return where the threshold comes from."""
    if calibration.n:
        return (
            f"the threshold refuses {percentage(calibration.false_alarm_rate)} of {calibration.n:,} validation "
            f"images; probabilities are calibrated on them (temperature {calibration.temperature:.2f})"
        )
    return "the threshold is the default; the checkpoint's probabilities are not calibrated"


class Summary:
    """Counts answers and failures, for the lines at the end."""

    def __init__(self) -> None:
        self.verdicts: Counter[str] = Counter()
        self._digits: Counter[str] = Counter()

    def add(self, answer: Answer | None) -> None:
        """Count an answer, or with None a picture that could not be read."""
        if answer is None:
            self.verdicts[ERROR] += 1
            return
        self.verdicts[answer.verdict.value] += 1
        if answer.digit is not None:
            self._digits[answer.digit] += 1

    def lines(self) -> Iterator[str]:
        """Yield how many pictures there were of each verdict, and how many of each digit."""
        parts = [f"{word} {self.verdicts[word]:,}" for word in VERDICTS if self.verdicts[word]]
        yield f"{counted(self.verdicts.total(), 'picture')}: {', '.join(parts)}"
        if self._digits:
            yield "  ".join(f"{name}: {count:,}" for name, count in sorted(self._digits.items()))
