"""``mnistkit export``: a trained model as a file that runs without mnistkit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mnistkit.cli.help import OUTPUT, examples
from mnistkit.cli.options import Json, OneCheckpoint, Quiet
from mnistkit.workflows.export import ExportConfig

Out = Annotated[
    Path,
    typer.Option(
        "--out", "-o", metavar="FILE", help="File to write: .html for a page to draw on.", rich_help_panel=OUTPUT
    ),
]
Bits = Annotated[
    int, typer.Option("--bits", metavar="N", help="Bits of a weight: 8 or 16.", rich_help_panel=OUTPUT)
]
Gallery = Annotated[
    int,
    typer.Option(
        "--gallery",
        metavar="N",
        help="Show N of the test images that the model gets wrong; 0 reads none.",
        rich_help_panel=OUTPUT,
    ),
]
MaxBytes = Annotated[
    int | None,
    typer.Option(
        "--max-bytes",
        metavar="N",
        help="Fail rather than write a larger file.",
        show_default="no limit",
        rich_help_panel=OUTPUT,
    ),
]


@examples(
    ("mnistkit export --out digits.html", "open it, draw a digit, see the network think"),
    ("mnistkit export latest --out digits.html --bits 16", "what was trained last, in 16 bits"),
    ("mnistkit export lenet.safetensors -o lenet.html --max-bytes 150000", "for a place that is small"),
)
def export(
    checkpoint: OneCheckpoint = None,
    out: Out = ...,  # type: ignore[assignment]
    bits: Bits = ExportConfig.bits,
    gallery: Gallery = ExportConfig.gallery,
    max_bytes: MaxBytes = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a trained model as a page to draw on.

    The page is one file that needs nothing else: it opens by a double click, offline, or from any web server.
    """
    from mnistkit.reporting import console
    from mnistkit.reporting.export import print_exported
    from mnistkit.reporting.outputs import Output
    from mnistkit.reporting.progress import LoadProgress
    from mnistkit.workflows.export import export_model

    output = Output(as_json=as_json)
    with LoadProgress() as progress:
        config = ExportConfig(out, checkpoint, bits, gallery, max_bytes, progress)
        exported = export_model(config, announce=console.note)
    output.show(exported, print_exported)
    console.note(f"wrote {out}")
