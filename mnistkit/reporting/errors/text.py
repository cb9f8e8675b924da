"""What is said about misclassified images, in the same words in the terminal, in figures and on web pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from mnistkit.evaluation import label_errors
from mnistkit.evaluation.results.errors import ErrorsResult, Misclassification, Section, WrongPrediction
from mnistkit.numbers import counted, percentage, probability
from mnistkit.reporting.letters import letter

ARROW, ASCII_ARROW = "→", "->"


def headline(result: ErrorsResult) -> str:
    """Return which models, on what, and how many images."""
    names = " and ".join(model.name for model in result.models)
    if result.cross_validation is not None:
        return f"labels disputed by {names}: {result.dataset}, {result.split} split, {result.n:,} images"
    return f"{names} on {result.dataset}, {result.split} split: {result.n:,} images"


def accuracies(result: ErrorsResult) -> Iterator[str]:
    """Yield accuracy and number of errors of each model, or the share of disputed labels."""
    for place, model in enumerate(result.models):
        if result.cross_validation is not None:
            noun = "label is" if model.errors == 1 else "labels are"
            yield f"{model.errors:,} {noun} disputed ({percentage(model.errors / result.n)})"
            continue
        start = f"{letter(place)}  {model.name}: " if len(result.models) > 1 else ""
        yield f"{start}accuracy {percentage(1 - model.errors / result.n)}, {counted(model.errors, 'error')}"


def heading(result: ErrorsResult, section: Section) -> str:
    """Return what a section holds, with how many of how many there are if not all are in it."""
    who = {
        "wrong": "wrong",
        "only": f"only {letter(section.models[0])} is wrong",
        "some": "several are wrong, but not all",
        "all": "both are wrong" if len(section.models) == 2 else "all are wrong",
        "suspect": "disputed labels",
    }[section.kind]
    order = f", by {result.selection.sort}" if section.total > 1 else ""
    return f"{who}{_filters(result)}: {section.total:,}{order}"


def shown(section: Section, count: int) -> str:
    """Return how many of a section's images are shown, "" if it is all of them."""
    return f", the first {count:,} shown" if count < section.total else ""


def nothing(result: ErrorsResult) -> str:
    """Return what is to be said where there is nothing to show."""
    if result.cross_validation is not None:
        what = "No disputed label"
    elif not any(model.errors for model in result.models):
        who = "all models classify" if len(result.models) > 1 else "it classifies"
        return f"No errors at all: {who} all {result.n:,} images correctly."
    else:
        what = "No misclassified image"
    return f"{what}{_filters(result)}."


def legend(*, coloured: bool) -> str:
    """Return what the colours of attribution maps, or the characters where there are none, mean."""
    wrong, right = ("orange", "blue") if coloured else ("+ #", "- =")
    return f"attribution map: {wrong} speaks for the predicted class, {right} for the label"


def tokens(
    result: ErrorsResult, image: Misclassification, prediction: WrongPrediction | None, arrow: str = ARROW
) -> list[str]:
    """Return the parts of a caption that must not be cut apart, for :func:`pack`.

    Args:
        result: What the image is part of.
        image: The misclassified image.
        prediction: The one to tell; None tells all of them, each on a line of its own.
        arrow: Between the label and the predicted class.
    """
    label = result.classes[image.label]
    index = f"#{image.index}"
    if prediction is None and len(result.models) > 1:
        said = [f"{letter(each.model)} {_said(result, each)}" for each in image.predictions]
        return ["\n".join([f"{label}  {index}", *said]), *_note(image)]
    told = prediction or image.predictions[0]
    start = f"{letter(told.model)} " if len(result.models) > 1 else ""
    return [f"{start}{label}{arrow}{_said(result, told)}", index, *_note(image)]


def pack(parts: Sequence[str], columns: int) -> str:
    """Return parts of a caption, as many on a line as fit into ``columns``."""
    lines = [""]
    for part in parts:
        wider = f"{lines[-1]}  {part}" if lines[-1] else part
        if "\n" not in wider and cell_len(wider) <= columns:
            lines[-1] = wider
        elif lines[-1]:
            lines.append(part)
        else:
            lines[-1] = part
    return "\n".join(_broken(line, columns) for line in lines)


def footnotes(misclassifications: Sequence[Misclassification]) -> Iterator[str]:
    """Yield what must be known to read the captions."""
    if any(image.note for image in misclassifications):
        yield label_errors.EXPLANATION


def method(result: ErrorsResult) -> str:
    """Return how disputed labels were found."""
    facts = result.cross_validation
    if facts is None:
        return ""
    return (
        f"each image is judged by a {facts.architecture} that has not seen it: "
        f"{facts.folds}-fold cross-validation, {facts.epochs} epochs, seed {facts.seed}"
    )


def _said(result: ErrorsResult, prediction: WrongPrediction) -> str:
    return f"{result.classes[prediction.predicted]} {probability(prediction.confidence)}"


def _note(image: Misclassification) -> list[str]:
    return [image.note] if image.note else []


def _filters(result: ErrorsResult) -> str:
    label, predicted = result.selection.label, result.selection.predicted
    true = "" if label is None else f" of class {result.classes[label]}"
    return true + ("" if predicted is None else f" taken for {result.classes[predicted]}")


def _broken(text: str, columns: int) -> str:
    """Break lines that are too long after an arrow or at a space."""
    return "\n".join(piece for line in text.split("\n") for piece in _pieces(line, columns))


def _pieces(line: str, columns: int) -> Iterator[str]:
    while cell_len(line) > columns:
        places = [i + 1 for i in range(len(line) - 1) if line[i] in f" {ARROW}" and cell_len(line[:i]) < columns]
        if not places:
            break
        yield line[: places[-1]].rstrip()
        line = line[places[-1] :].lstrip()
    yield line
