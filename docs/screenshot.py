"""Draw a digit on the page of the bundled model, and take the picture that the README shows.

    python docs/screenshot.py

Needs chromium and its driver, as the tests of the page do.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from mnistkit.data import load_dataset  # noqa: E402
from mnistkit.workflows.export import ExportConfig, export_model  # noqa: E402
from tests.support.browser import Visitor, lines_of  # noqa: E402

SIZE = {"width": 860, "height": 790, "deviceScaleFactor": 1.5, "mobile": False}


def main() -> None:
    """Write docs/page.png."""
    with tempfile.TemporaryDirectory() as name:
        page = Path(name, "page.html")
        export_model(ExportConfig(page, "pictures"))
        visitor = Visitor(Path(name, "profile"))
        try:
            visitor.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", SIZE)
            visitor.open(page.as_uri())
            visitor.draw(*lines_of(load_dataset("mnist").test.images[9]))
            visitor.click("explain")
            visitor.wait(lambda: visitor.run(_PAINTED))
            visitor.driver.save_screenshot(str(DOCS / "page.png"))
        finally:
            visitor.close()


_PAINTED = """
const copy = document.createElement("canvas");
const context = copy.getContext("2d", { willReadFrequently: true });
context.drawImage(document.getElementById("map"), 0, 0);
return context.getImageData(0, 0, 28, 28).data.some((level, place) => place % 4 === 0 && level > 150);
"""


if __name__ == "__main__":
    main()
