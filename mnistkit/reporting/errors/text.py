"""What is said about misclassified images, in the same words in the terminal, in figures and on web pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from rich.cells import cell_len

from mnistkit.evaluation import label_errors
from mnistkit.evaluation.results.errors import ErrorsResult, Misclassification, Section, WrongPrediction
from mnistkit.numbers import percentage, probability
from mnistkit.reporting import headlines
from mnistkit.reporting.letters import letter
from mnistkit.reporting.names import escaped
from mnistkit.reporting.wrapping import shortened

ARROW, ASCII_ARROW = "→", "->"


def headline(result: ErrorsResult) -> str:
    """Return which models, on what, and how many images."""
    if result.cross_validation is not None:
        return f"disputed labels of {headlines.data_headline(result)}"
    return headlines.headline(result, [model.name for model in result.models])


def accuracies(result: ErrorsResult) -> Iterator[str]:
    """Yield accuracy and number of errors of each model, or the share of disputed labels."""
    if result.cross_validation is None:
        yield from headlines.accuracies(result, [(model.name, model.errors) for model in result.models])
        return
    for model in result.models:
        noun = "label is" if model.errors == 1 else "labels are"
        yield f"{model.errors:,} {noun} disputed ({percentage(model.errors / result.n)})"


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


def class_name(result: ErrorsResult, number: int) -> str:
    """Return the name of a class, which is a folder's, in one line."""
    return escaped(result.classes[number])


def image_name(result: ErrorsResult, image: Misclassification) -> str:
    """Return what an image is called: its file's path within the folder, or "#" and its index if it has none."""
    if image.path is None:
        return f"#{image.index}"
    path = PurePath(image.path)
    return escaped(str(path.relative_to(result.dataset) if path.is_relative_to(result.dataset) else path))


def caption(
    result: ErrorsResult,
    image: Misclassification,
    prediction: WrongPrediction | None,
    columns: int,
    arrow: str = ARROW,
) -> str:
    """Return what is said of an image, in lines of ``columns``; a longer name is shortened in its middle.

    Args:
        result: What the image is part of.
        image: The misclassified image.
        prediction: The one to tell; None tells all of them, of several models each on a line of its own.
        columns: How long a line may be; only a longer class name is left as it is.
        arrow: Between the label and the predicted class.
    """
    label, name = class_name(result, image.label), shortened(image_name(result, image), columns)
    if prediction is None and len(result.models) > 1:
        lines = [pack([label, name], columns), *(_of_model(result, each) for each in image.predictions)]
        return "\n".join([_broken("\n".join(lines), columns), *(_broken(note, columns) for note in _note(image))])
    return pack([_told(result, image, prediction, arrow), name, *_note(image)], columns)


def line(result: ErrorsResult, image: Misclassification, arrow: str = ARROW) -> tuple[str, str, str]:
    """Return what is said of an image in one line: label and answers, name, and what is known of the label."""
    if len(result.models) > 1:
        said = ", ".join(_of_model(result, each) for each in image.predictions)
        start = f"{class_name(result, image.label)}: {said}"
    else:
        start = _told(result, image, None, arrow)
    return start, image_name(result, image), image.note


def _told(
    result: ErrorsResult, image: Misclassification, prediction: WrongPrediction | None, arrow: str = ARROW
) -> str:
    told = prediction or image.predictions[0]
    start = f"{letter(told.model)} " if len(result.models) > 1 else ""
    return f"{start}{class_name(result, image.label)}{arrow}{_said(result, told)}"


def _of_model(result: ErrorsResult, prediction: WrongPrediction) -> str:
    return f"{letter(prediction.model)} {_said(result, prediction)}"


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
    return f"{class_name(result, prediction.predicted)} {probability(prediction.confidence)}"


def _note(image: Misclassification) -> list[str]:
    return [image.note] if image.note else []


def _filters(result: ErrorsResult) -> str:
    label, predicted = result.selection.label, result.selection.predicted
    true = "" if label is None else f" of class {class_name(result, label)}"
    return true + ("" if predicted is None else f" taken for {class_name(result, predicted)}")


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
