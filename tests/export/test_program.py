"""Programs as data: what is damaged is refused before it is computed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnistkit.export.lower import lower_architecture
from mnistkit.export.numpy_program import NumpyProgram
from mnistkit.export.program import Program, concrete
from mnistkit.models import build_model

PLAIN: dict[str, Any] = lower_architecture("lenet5", 10).to_dict()
TENSORS = {name: value.numpy() for name, value in build_model("lenet5", 10).state_dict().items()}
IMAGES = np.zeros((2, 1, 28, 28), dtype=np.float32)


def changed(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    plain = copy.deepcopy(PLAIN)
    change(plain)
    return plain


def test_shapes_are_concrete_for_a_number_of_pictures() -> None:
    assert concrete(("n", 3, "4n"), 5) == (5, 3, 20)


@pytest.mark.parametrize(
    "change",
    [
        lambda plain: plain.update(version=2),
        lambda plain: plain.pop("operations"),
        lambda plain: plain.update(output="nothing"),
        lambda plain: plain.update(input_shape=["m", 1]),
        lambda plain: plain["operations"].reverse(),
        lambda plain: plain["operations"].append(plain["operations"][0]),
        lambda plain: plain["operations"].append("relu"),
        lambda plain: plain["operations"][0].update(op="exec"),
        lambda plain: plain["operations"][0].update(inputs=[]),
        lambda plain: plain["operations"][0].update(inputs=[None, None]),
        lambda plain: plain["operations"][0].update(stride=[0, 1]),
        lambda plain: plain["operations"][0].update(stride=[-1, -1]),
        lambda plain: plain["operations"][0].update(padding=[1.5, 1]),
        lambda plain: plain["operations"][0].update(groups="1"),
        lambda plain: plain["operations"][1].update(shape=["n", 10**9]),
        lambda plain: plain["operations"][1].update(shape=["n", -1]),
        lambda plain: plain["operations"][1].update(output=3),
    ],
)
def test_a_damaged_program_is_an_error(change: Callable[[dict[str, Any]], Any]) -> None:
    with pytest.raises(ValueError):
        Program.of(changed(change))


@pytest.mark.parametrize("plain", [{}, [], None, "program", {"version": 1, "operations": 3}])
def test_what_is_no_program_is_an_error(plain: Any) -> None:
    with pytest.raises(ValueError):
        Program.of(plain)


def test_a_program_without_its_tensors_is_an_error() -> None:
    tensors = {name: value for name, value in TENSORS.items() if name != "features.3.bias"}
    with pytest.raises(ValueError, match=r"no tensor 'features\.3\.bias'"):
        NumpyProgram(Program.of(PLAIN), tensors)


@pytest.mark.parametrize(
    "attributes",
    [{"groups": 3}, {"padding": [0, 0], "dilation": [9, 9]}, {"stride": [40, 40]}, {"padding": [50, 50]}],
)
@pytest.mark.parametrize("place", [0, 3])
def test_a_convolution_that_does_not_fit_reads_nothing_beside_its_pictures(
    place: int, attributes: dict[str, Any]
) -> None:
    program = Program.of(changed(lambda plain: plain["operations"][place].update(attributes)))
    with pytest.raises(ValueError):
        NumpyProgram(program, TENSORS)(IMAGES)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 99) | st.floats() | st.text(max_size=4) | st.just("n"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_stands_in_a_program_it_is_computed_or_refused(data: st.DataObject) -> None:
    def change(plain: dict[str, Any]) -> None:
        operation = data.draw(st.sampled_from(plain["operations"]))
        operation[data.draw(st.sampled_from(sorted(operation)))] = data.draw(JSON)

    plain = json.loads(json.dumps(changed(change)))
    try:
        logits = NumpyProgram(Program.of(plain), TENSORS)(IMAGES)
    except (ValueError, TypeError, LookupError, ArithmeticError):
        return
    assert isinstance(logits, np.ndarray)
