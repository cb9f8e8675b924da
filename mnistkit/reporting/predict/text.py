"""What is said about recognised pictures, in the same words everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mnistkit.inference.answers import ERROR, VERDICTS, Answer, Verdict
from mnistkit.inference.calibration import Calibration
from mnistkit.numbers import counted, percentage, probability


def sentence(answer: Answer) -> str:
    """Return the answer in a sentence for people: the class, or the verdict and what it means."""
    best = f"{answer.guess} with {probability(answer.probability or 0.0)}"
    if answer.verdict is Verdict.DIGIT:
        return best
    least = probability(answer.calibration.threshold)
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
