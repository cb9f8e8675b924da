"""A confusion matrix as a web page of its own."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from mnistkit.evaluation.results.confusion import ConfusionResult
from mnistkit.reporting.colours import DIAGONAL, Scale, error_colour, errors, text_colour
from mnistkit.reporting.confusion import text
from mnistkit.reporting.pages import html_page

_STYLE = """
th, td { padding: .2rem .45rem; text-align: right; }
th[scope=row] { text-align: left; }
td.none { opacity: .35; }
td.wrong { font-weight: 600; }
td.margin, th.margin { padding-left: 1rem; opacity: .75; }
tr.margin th, tr.margin td { padding-top: .5rem; opacity: .75; }
thead th { position: sticky; top: 0; background: Canvas; }
tbody tr:hover { outline: 1px solid GrayText; }
"""


def to_html(result: ConfusionResult) -> str:
    """Return the page: the table in colour, and the most confused pairs; resting on a cell tells what it is."""
    lines = [f"<p>{'<br>'.join(map(escape, text.accuracies(result)))}</p>"]
    lines.append(f"<p>{'<br>'.join(map(escape, text.reading(result, coloured=True)))}</p>")
    lines.append("<table>")
    lines.extend(_head(result))
    lines.append("<tbody>")
    lines.extend(_rows(result))
    lines.append("</tbody>\n</table>")
    lines.append(f"<h2>{escape(text.verdict(result))}</h2>")
    pairs = "".join(f"<li>{escape(line)}</li>" for line in text.pair_lines(result))
    if pairs:
        lines.append(f"<ul>{pairs}</ul>")
    return html_page(text.headline(result), "\n".join(lines), style=_STYLE)


def _head(result: ConfusionResult) -> Iterator[str]:
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in result.classes)
    total = "" if result.is_difference else '<th class="margin" scope="col">total</th>'
    yield f'<thead><tr><td></td>{names}{total}<th class="margin" scope="col">recall</th></tr></thead>'


def _rows(result: ConfusionResult) -> Iterator[str]:
    values, wrong = result.values, errors(result)
    scale, decimals = Scale.of(result), text.decimals_of(result)
    recall, precision = (text.class_shares(result, kind, 1) for kind in ("recall", "precision"))
    counts = result.models[0].counts
    for i, name in enumerate(result.classes):
        cells = []
        for j in range(len(result.classes)):
            colour = error_colour(wrong[i, j], scale) if wrong[i, j] else ""
            shown = text.cell(result, float(values[i, j]), decimals)
            if i == j and not result.is_difference:
                colour = DIAGONAL if shown else ""
            if i == j and result.errors_only:
                cells.append("<td></td>")
            else:
                cells.append(_cell(shown, colour, f"{name} read as {result.classes[j]}", is_wrong=i != j))
        if not result.is_difference:
            cells.append(f'<td class="margin">{counts[i].sum()}</td>')
        cells.append(f'<td class="margin">{recall[i]}</td>')
        yield f'<tr><th scope="row">{escape(name)}</th>{"".join(cells)}</tr>'
    if not result.is_difference:
        yield _margin("total", [*counts.sum(axis=0).tolist(), result.n])
    yield _margin("precision", precision)


def _cell(shown: str, colour: str, title: str, *, is_wrong: bool) -> str:
    if not shown:
        return f'<td class="none" title="{escape(title)}: 0">·</td>'
    kind = ' class="wrong"' if is_wrong else ""
    style = f"background:{colour};color:{text_colour(colour)}"
    return f'<td{kind} style="{style}" title="{escape(title)}: {shown}">{shown}</td>'


def _margin(label: str, cells: list[str] | list[int]) -> str:
    texts = "".join(f"<td>{shown}</td>" for shown in cells)
    return f'<tr class="margin"><th scope="row">{label}</th>{texts}</tr>'
