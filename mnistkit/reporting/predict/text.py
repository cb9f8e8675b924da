"""What is said about recognised pictures, in the same words everywhere; names of files that break no line."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

from mnistkit.inference.answers import Answer, Verdict
from mnistkit.inference.calibration import Calibration
from mnistkit.reporting.numbers import counted, percentage

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


def word(answer: Answer) -> str:
    """Return the answer as one word for machines: the digit, unsure, nothing, several:N or not-a-digit."""
    if answer.verdict is Verdict.SEVERAL:
        return f"several:{answer.picture.digits}"
    return answer.digit or answer.verdict.value.replace(" ", "-")


def brief(answer: Answer) -> str:
    """Return the answer in a word or two for people: "7", "unsure: 7?", "3 digits", "no digit"."""
    guess = f": {answer.ranking[0][0]}?" if answer.ranking else ""
    return {
        Verdict.DIGIT: answer.digit or "",
        Verdict.UNSURE: f"unsure{guess}",
        Verdict.NOTHING: "no digit",
        Verdict.SEVERAL: f"{answer.picture.digits} digits",
        Verdict.NOT_A_DIGIT: "no digit",
    }[answer.verdict]


def sentence(answer: Answer, calibration: Calibration) -> str:
    """Return the answer in a sentence for people."""
    best = f"{answer.ranking[0][0]} with {percentage(answer.ranking[0][1], 1)}" if answer.ranking else ""
    return {
        Verdict.DIGIT: best,
        Verdict.UNSURE: f"unsure; most probably {best}, but below {percentage(calibration.threshold, 1)} no digit "
        "is named",
        Verdict.NOTHING: "no digit found",
        Verdict.SEVERAL: f"several digits, {answer.picture.digits} in all; give pictures of one digit each",
        Verdict.NOT_A_DIGIT: "no digit found; what is there does not look like one",
    }[answer.verdict]


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
        self.failures = 0
        self._verdicts: Counter[Verdict] = Counter()
        self._digits: Counter[str] = Counter()

    def add(self, answer: Answer | None) -> None:
        """Count an answer, or with None a picture that could not be read."""
        if answer is None:
            self.failures += 1
            return
        self._verdicts[answer.verdict] += 1
        if answer.digit is not None:
            self._digits[answer.digit] += 1

    @property
    def total(self) -> int:
        """Pictures counted."""
        return self._verdicts.total() + self.failures

    def lines(self) -> Iterator[str]:
        """Yield how many pictures there were of which kind, and how many of each digit."""
        missing = self._verdicts[Verdict.NOTHING] + self._verdicts[Verdict.NOT_A_DIGIT]
        counts = {
            "recognised": self._verdicts[Verdict.DIGIT],
            "unsure": self._verdicts[Verdict.UNSURE],
            "without a digit": missing,
            "with several digits": self._verdicts[Verdict.SEVERAL],
            "not readable": self.failures,
        }
        parts = [f"{count:,} {what}" for what, count in counts.items() if count]
        yield f"{counted(self.total, 'picture')}: {', '.join(parts)}"
        if self._digits:
            yield "  ".join(f"{name}: {count:,}" for name, count in sorted(self._digits.items()))
