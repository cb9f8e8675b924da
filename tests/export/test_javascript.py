"""What the page computes, in Node.js: operations, weights, strokes and their judgement."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mnistkit.data import load_dataset
from mnistkit.export.encode import Encoded, as_text, encode
from mnistkit.export.folding import fold_batch_norms
from mnistkit.export.lower import lower, lower_architecture
from mnistkit.export.numpy_program import NumpyProgram
from mnistkit.export.program import Program
from mnistkit.imaging.stroke_limits import stroke_limits
from mnistkit.models import build_model, model_names
from tests.support.javascript import needs_node, run_javascript
from tests.support.programs import disturb, mnist_images
from tests.support.toy_models import TOYS

pytestmark = needs_node

MEAN, STD = 0.1307, 0.3081
SHEET, PEN = 280, 18
COMPUTE = """
    const found = {};
    for (const [name, { model, weights, images }] of Object.entries(given)) {
        const { program, tensors } = new Model(model, await inflated(weights));
        const rows = [];
        for (const pixels of images) {
            const image = { shape: [1, 1, 28, 28], data: Float32Array.from(pixels) };
            rows.push(Array.from(computeValues(program, tensors, image)[program.output].data));
        }
        found[name] = rows;
    }
    return found;
"""


def case(program: Program, weights: Encoded, images: NDArray[np.float32]) -> dict[str, Any]:
    """Return what COMPUTE takes."""
    model = {"program": program.to_dict(), "tensors": [dict(each) for each in weights.index]}
    return {"model": model, "weights": as_text(weights.data), "images": images.reshape(len(images), -1).tolist()}


def prepared(program: Program, model: torch.nn.Module, bits: int = 8) -> tuple[Program, Encoded]:
    arrays = {name: value.numpy() for name, value in model.state_dict().items()}
    folded, tensors = fold_batch_norms(program, arrays)
    return folded, encode(tensors, bits)


def test_every_operation_computes_what_numpy_does() -> None:
    images, cases, expected = mnist_images(2), {}, {}
    for name, toy in TOYS.items():
        torch.manual_seed(0)
        model = disturb(toy())
        program, weights = prepared(lower(model), model, 16)
        cases[name] = case(program, weights, images)
        expected[name] = NumpyProgram(program, weights.decoded)(images)
    for name, rows in run_javascript(COMPUTE, cases).items():
        np.testing.assert_allclose(rows, expected[name], atol=2e-5, rtol=2e-5, err_msg=name)


def test_every_architecture_computes_what_numpy_does() -> None:
    images, cases, expected = mnist_images(1), {}, {}
    for name in model_names():
        program, weights = prepared(lower_architecture(name, 10), disturb(build_model(name, 10, plain=True)))
        cases[name] = case(program, weights, images)
        expected[name] = NumpyProgram(program, weights.decoded)(images)
    for name, rows in run_javascript(COMPUTE, cases).items():
        scale = max(1.0, float(np.abs(expected[name]).max()) / 20)
        np.testing.assert_allclose(rows, expected[name], atol=1e-4 * scale, err_msg=name)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_model_answers_as_numpy_does_on_a_thousand_test_images(bits: int) -> None:
    torch.manual_seed(0)
    program, weights = prepared(lower_architecture("lenet5", 10), build_model("lenet5", 10), bits)
    tiles = load_dataset("mnist").test.images[:1000]
    model = {
        "program": program.to_dict(),
        "tensors": [dict(each) for each in weights.index],
        "mean": MEAN,
        "std": STD,
    }
    given = {"model": model, "weights": as_text(weights.data), "tiles": tiles.reshape(1000, -1).tolist()}
    rows = run_javascript(
        "const model = new Model(given.model, await inflated(given.weights));"
        "return given.tiles.map((tile) => Array.from(model.logits(tile)));",
        given,
    )
    expected = NumpyProgram(program, weights.decoded)(mnist_images(1000))
    np.testing.assert_allclose(rows, expected, atol=1e-3)
    assert (np.argmax(rows, axis=1) == expected.argmax(axis=1)).all()


def test_probabilities_are_calibrated() -> None:
    body = "return Model.prototype.probabilities.call({ temperature: 2 }, Float32Array.from(given));"
    expected = np.exp([1, 0.5, -500]) / np.exp([1, 0.5, -500]).sum()
    np.testing.assert_allclose(run_javascript(body, [2, 1, -1000]), expected, atol=1e-7)


def line(*places: tuple[float, float]) -> list[dict[str, float]]:
    """Return a stroke."""
    return [{"x": x, "y": y} for x, y in places]


def circle(x: float, y: float, radius: float) -> list[dict[str, float]]:
    turns = np.linspace(0, 2 * np.pi, 40)
    return line(*zip(x + radius * np.cos(turns), y + radius * np.sin(turns), strict=True))


def tangle() -> list[dict[str, float]]:
    return line(*((20 + 240 * (n % 2), 20 + 24 * n) for n in range(11)))


ONE = line((140, 60), (140, 220))
SEVEN = line((80, 60), (200, 60), (120, 220))
BAR_OF_FIVE = line((110, 40), (200, 40))
FIVE = line((100, 50), (100, 130), (180, 140), (190, 190), (150, 230), (95, 215))


@pytest.mark.parametrize(
    ("strokes", "finding", "count"),
    [
        ([], "nothing", 0),
        ([line((140, 140))], "nothing", 0),
        ([line((140, 140), (143, 142))], "nothing", 0),
        ([ONE], "digit", 1),
        ([SEVEN], "digit", 1),
        ([SEVEN, line((110, 150), (190, 150))], "digit", 1),
        ([FIVE, BAR_OF_FIVE], "digit", 1),
        ([circle(140, 90, 45), circle(140, 185, 50)], "digit", 1),
        ([circle(140, 140, 80)], "digit", 1),
        ([line((60, 60), (60, 220)), line((200, 60), (200, 220))], "several", 2),
        ([circle(70, 140, 40), circle(210, 140, 40)], "several", 2),
        ([SEVEN, line((20, 20))], "digit", 1),
        ([line((20, 140), (260, 140))], "not-a-digit", 0),
        ([tangle()], "not-a-digit", 0),
        ([circle(x, y, 25) for x in (110, 165) for y in (85, 140)], "not-a-digit", 0),
    ],
)
def test_what_a_drawing_shows(strokes: list[Any], finding: str, count: int) -> None:
    body = f"return judged(given.strokes, {SHEET}, {PEN}, given.limits);"
    found = run_javascript(body, {"strokes": strokes, "limits": stroke_limits()})
    assert (found["finding"], found["count"]) == (finding, count)


@pytest.mark.parametrize("strokes", [[ONE], [SEVEN], [FIVE, BAR_OF_FIVE], [circle(200, 60, 20)]])
def test_a_tile_is_made_as_mnist_was(strokes: list[Any]) -> None:
    pixels = run_javascript("return Array.from(tileOfStrokes(given));", strokes)
    tile = np.array(pixels, dtype=np.uint8).reshape(28, 28)
    rows, columns = np.flatnonzero(tile.max(axis=1)), np.flatnonzero(tile.max(axis=0))
    longer = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    assert longer == 20 and tile.max() == 255
    mass = tile.astype(float)
    for axis, length in enumerate(mass.shape):
        middle = mass.sum(axis=1 - axis) @ np.arange(length) / mass.sum()
        assert abs(middle - 14) <= 0.51


def test_a_small_drawing_gives_the_same_tile_as_a_large_one() -> None:
    small = [
        [{"x": 3 + each["x"] / 5, "y": 9 + each["y"] / 5} for each in stroke] for stroke in [FIVE, BAR_OF_FIVE]
    ]
    body = "return given.map((strokes) => Array.from(tileOfStrokes(strokes)));"
    large, reduced = run_javascript(body, [[FIVE, BAR_OF_FIVE], small])
    np.testing.assert_allclose(large, reduced, atol=1)
