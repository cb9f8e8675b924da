"""A page in Chromium: drawn on with mouse, finger, pen and keys, as a visitor would."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.pointer_input import PointerInput

from tests.support.strokes import stroke_field, thin

Line = Sequence[tuple[float, float]]
"""The points of a stroke, in units of the sheet: 280 is its whole side."""

SHEET = 280
_BROWSER, _DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
needs_chromium = pytest.mark.skipif(
    not (_BROWSER and _DRIVER),
    reason="chromium and chromedriver are missing: apt-get install chromium-driver",
)
_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=900,1000",
)


class Visitor:
    """Opens pages, draws on them, and reads what they say.

    Args:
        profile: An empty folder for the browser.
    """

    def __init__(self, profile: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = str(_BROWSER)
        for argument in (*_ARGUMENTS, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options, Service(_DRIVER))

    def open(self, address: str) -> None:
        """Open a page and wait until it is ready."""
        self.driver.get(address)
        self.wait(lambda: self.run("return document.documentElement.dataset.ready"))

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page, and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, is_so: Callable[[], Any], seconds: float = 60) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, f"never came: {self.text('answer')}"
            time.sleep(0.02)

    def settle(self) -> None:
        """Wait until what was drawn has been answered: two pictures of the screen."""
        script = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()));"
        self.driver.execute_async_script(script)

    def text(self, element: str) -> str:
        """Return what an element shows."""
        return str(self.run("return document.getElementById(arguments[0]).textContent", element))

    def click(self, element: str) -> None:
        """Press a button."""
        self.run("document.getElementById(arguments[0]).click()", element)
        self.settle()

    def draw(self, *lines: Line, kind: str = "mouse") -> str:
        """Clear the sheet, draw with a "mouse", "touch" or "pen", and return the answer."""
        self.click("clear")
        box = self.run(
            "const s = document.getElementById('sheet'); s.scrollIntoView({block: 'nearest'});"
            "const b = s.getBoundingClientRect(); return [b.left, b.top, b.width / arguments[0]]",
            SHEET,
        )
        actions = ActionBuilder(self.driver, mouse=PointerInput(kind, kind), duration=0)
        for line in lines:
            places = [(round(box[0] + box[2] * x), round(box[1] + box[2] * y)) for x, y in line]
            actions.pointer_action.move_to_location(*places[0]).pointer_down()
            for place in places[1:]:
                actions.pointer_action.move_to_location(*place)
            actions.pointer_action.pointer_up()
        actions.perform()
        self.settle()
        return self.text("answer")

    def press(self, *keys: str) -> str:
        """Press keys on the sheet, and return the answer."""
        self.run("document.getElementById('sheet').focus()")
        ActionChains(self.driver, duration=0).send_keys(*keys).perform()
        self.settle()
        return self.text("answer")

    def complaints(self) -> list[str]:
        """Return what the console has said since it was last asked."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Return the addresses asked for since the last call, but for what the page and the browser hold."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [
            each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"
        ]
        return [address for address in sent if not address.startswith(("data:", "blob:", "chrome"))]

    def close(self) -> None:
        """End the browser."""
        self.driver.quit()


def lines_of(tile: NDArray[np.uint8]) -> list[Line]:
    """Return the middle of the strokes of an MNIST image as lines on the sheet."""
    mask = thin(stroke_field(tile, 160).mask)
    left = {(int(y), int(x)) for y, x in zip(*np.nonzero(mask), strict=True)}

    def beside(place: tuple[int, int]) -> list[tuple[int, int]]:
        y, x = place
        # The four nearest first, so that a line takes no short cut.
        steps = [(0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)]
        return [(y + dy, x + dx) for dy, dx in steps if (y + dy, x + dx) in left]

    lines: list[Line] = []
    while left:
        place = min(left, key=lambda each: (len(beside(each)), each))
        line = [place]
        left.discard(place)
        while near := beside(line[-1]):
            line.append(near[0])
            left.discard(near[0])
        thinned = [*line[:-1:4], line[-1]]
        lines.append([(x * SHEET / mask.shape[1], y * SHEET / mask.shape[0]) for y, x in thinned])
    return lines
