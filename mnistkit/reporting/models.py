"""What ``mnistkit models`` shows in the terminal: the architectures and bundled models, and one in detail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.filesize import decimal

from mnistkit.numbers import mean_and_std, percentage
from mnistkit.registry import brief
from mnistkit.reporting.recipes import print_recipe
from mnistkit.reporting.tables import Table, print_named, print_table
from mnistkit.reporting.wrapping import print_text

if TYPE_CHECKING:
    from mnistkit.workflows.bundle import BundleResult
    from mnistkit.workflows.models import BundledModel, ModelDetails, ModelEntry, ModelList, TrainedModel
    from mnistkit.workflows.record import Recorded
    from mnistkit.zoo import MeasuredRow, PublishedFigure

_NUMBERS = ("parameters", "MACs", "epochs", "test %", "n", "published %")
# In fewer columns a row of its own is no table's, so that it has to say all of its name.
_WIDE = 80
_MEANING = (
    "test %: mean ± standard deviation over n seeds fixed beforehand, everything chosen on 5,000 validation "
    "images, the test images read once. published %: as others report it of the same network, mostly the best "
    "test epoch of one run, which is no fair comparison."
)


def print_models(console: Console, result: ModelList) -> None:
    """Print what is known of each architecture, of classical methods, of others' networks, and of what ships."""
    _print_architectures(console, result.models)
    if result.classical:
        console.print()
        _print_classical(console, result.classical)
    if result.published:
        console.print()
        _print_published(console, result.published)
    if result.bundled:
        console.print()
        _print_bundled(console, result.bundled)


def print_details(console: Console, details: ModelDetails) -> None:
    """Print the layers of an architecture or a trained model, and its recipe as a recipe file has it."""
    summary = details.summary
    print_text(console, f"{details.name}: {details.description}")
    print_text(
        console,
        f"{summary.parameters:,} parameters, {summary.macs:,} multiply-accumulates per image, "
        f"{details.classes} classes",
    )
    if details.trained:
        console.print()
        _print_trained(console, details.trained)
    console.print()
    numbers = ["parameters", "MACs"]
    rows = [
        (
            layer.name or "(itself)",
            layer.kind,
            _shape(layer.output_shape),
            _count(layer.parameters),
            _count(layer.macs),
        )
        for layer in summary.layers
    ]
    total = ("total", "", "", f"{summary.parameters:,}", f"{summary.macs:,}")
    print_table(console, Table(["layer", "kind", "output", *numbers], rows, numbers, total=total))
    console.print()
    named = f", '{details.recipe_name}'" if len(details.recipes) > 1 and details.recipe_name else ""
    print_recipe(console, f"The recipe of {details.name}{named}", details.recipe)
    others = [name for name in details.recipes if name != details.recipe_name]
    if details.recipe_name and others:
        console.print()
        print_text(
            console,
            f"# other recipes: {', '.join(others)} (mnistkit models show {details.name} --recipe {others[0]})",
            hang="# ",
        )


def print_bundle(console: Console, result: BundleResult) -> None:
    """Print where a model was bundled, how large it is, and how it was calibrated."""
    calibration = result.calibration
    print_text(
        console,
        f"{result.path}: {result.size:,} bytes, {result.total:,} of {result.limit:,} with all bundled models\n"
        f"temperature {calibration.temperature:.4f}, threshold {calibration.threshold:.4f}, which refuses "
        f"{percentage(calibration.false_alarm_rate)} of {calibration.n:,} validation images",
    )


def print_recorded(console: Console, recorded: Recorded) -> None:
    """Print the row that was written, and the one whose place it took."""
    row = recorded.row
    low, high = row.interval
    print_text(
        console,
        f"{row}, {sum(row.errors):,} errors in {row.n * row.images:,}; 95 % interval {percentage(low)} to "
        f"{percentage(high)}",
    )
    if recorded.replaced:
        print_text(console, f"in the place of {recorded.replaced}, {recorded.replaced.date}")
    print_text(console, f"wrote {recorded.path}")


def _print_architectures(console: Console, entries: Sequence[ModelEntry]) -> None:
    headers = ("name", *_NUMBERS, "description")
    rows = [row for entry in entries for row in _rows_of(entry, is_narrow=console.width < _WIDE)]
    print_table(console, Table(headers, rows, numbers=_NUMBERS))
    console.print()
    print_text(console, _MEANING)
    if old := [each.title for entry in entries for each in _measured_before(entry)]:
        print_text(console, f"measured before network or recipe changed: {', '.join(old)}")


def _rows_of(entry: ModelEntry, *, is_narrow: bool) -> Iterator[tuple[str, ...]]:
    """Yield the row of an architecture's default recipe, and one below it for each other."""
    first, *others = entry.recipes
    published = ", ".join(figure.said.removesuffix(" %") for figure in entry.published)
    size = (f"{entry.parameters:,}", f"{entry.macs:,}")
    yield (entry.name, *size, str(first.epochs), *_accuracy_cells(first.measured), published, entry.description)
    for recipe in others:
        name = f"{entry.name} ({recipe.name})" if is_narrow else f"  {recipe.name}"
        yield (name, "", "", str(recipe.epochs), *_accuracy_cells(recipe.measured), "", "")
    for row in entry.taught:
        name = row.title if is_narrow else f"  from {row.teacher}"
        yield (name, "", "", str(row.epochs), *_accuracy_cells(row), "", "")


def _measured_before(entry: ModelEntry) -> Iterator[MeasuredRow]:
    """Yield the rows of networks or recipes that are no longer the same."""
    for recipe in entry.recipes:
        if recipe.measured and not recipe.is_current:
            yield recipe.measured


def _accuracy_cells(row: MeasuredRow | None) -> tuple[str, str]:
    if row is None:
        return "not measured", ""
    return mean_and_std(row.mean, row.std).removesuffix(" %"), str(row.n)


def _print_classical(console: Console, rows: Sequence[MeasuredRow]) -> None:
    numbers = ("test %", "n", "size")
    cells = [(row.name, row.recipe, *_accuracy_cells(row), _size(row.bytes), row.description) for row in rows]
    headers = ("classical method", "pixels", *numbers, "description")
    print_table(console, Table(headers, cells, numbers=numbers))


def _print_published(console: Console, figures: Sequence[PublishedFigure]) -> None:
    numbers = ("parameters", "published %")
    rows = [
        (
            figure.name,
            "" if figure.parameters is None else f"{figure.parameters:,}",
            figure.said.removesuffix(" %"),
            figure.measured,
        )
        for figure in figures
    ]
    print_table(console, Table(("networks of others", *numbers, "measured"), rows, numbers=numbers))


def _size(count: int | None) -> str:
    return "" if count is None else decimal(count)


def _print_bundled(console: Console, bundled: Sequence[BundledModel]) -> None:
    numbers = ["test accuracy", "validation"]
    title = "trained models that ship with mnistkit, usable as a checkpoint"
    rows = [
        (
            each.name,
            each.architecture,
            each.dataset,
            *(_accuracy(each.metrics.get(f"{split}_accuracy")) for split in ("test", "val")),
            "default" if each.default else "",
        )
        for each in bundled
    ]
    headers = ["bundled", "architecture", "trained on", *numbers, ""]
    print_table(console, Table(headers, rows, numbers, title=title))


def _print_trained(console: Console, trained: TrainedModel) -> None:
    """Print what a checkpoint says of itself."""
    accuracies = [
        f"{meaning} {percentage(trained.metrics[key])}"
        for key, meaning in (("test_accuracy", "test accuracy"), ("val_accuracy", "validation accuracy"))
        if key in trained.metrics
    ]
    lines = {
        "file": trained.path,
        "architecture": trained.architecture,
        "trained on": f"{trained.dataset}, {trained.split.removeprefix('trained on ')}",
        "measured": ", ".join(accuracies),
        "weights of": f"epoch {trained.epoch}, seed {trained.seed}",
        "classes": brief(trained.classes),
        "preparation": trained.preparation,
        "made with": ", ".join(f"{name} {version}" for name, version in trained.versions.items()),
    }
    if trained.calibration:
        lines["calibrated"] = f"temperature {trained.calibration['temperature']:.3f}"
    print_named(console, [(name, text) for name, text in lines.items() if text])


def _accuracy(share: float | None) -> str:
    return "-" if share is None else percentage(share)


def _shape(shape: tuple[int, ...] | None) -> str:
    return "-" if shape is None else "×".join(map(str, shape))


def _count(number: int) -> str:
    return f"{number:,}" if number else "-"
