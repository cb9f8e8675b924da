"""Checkpoints: the same content gives the same bytes, and no file whatever leads to a traceback."""

from __future__ import annotations

import errno
import io
import json
import math
import os
import pickle
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save, save_file

from mnistkit.checkpoint import (
    FORMAT_VERSION,
    CheckpointInfo,
    load_tensors,
    read_info,
    save_checkpoint,
    save_tensors,
)
from mnistkit.exceptions import CheckpointError, OutputError
from mnistkit.preparation import INK, Preparation
from tests.support.checkpoints import description

PATH = Path("model.safetensors")
# Files from before they were written lack these.
OPTIONAL = ("preparation", "calibration", "objective", "init", "shares")
quiet = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def weights() -> dict[str, torch.Tensor]:
    return {name: torch.arange(2000.0) * place for place, name in enumerate(("first", "second"))}


@pytest.fixture(scope="module")
def good_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("good") / "model.safetensors"
    save_checkpoint(path, weights(), description())
    return path.read_bytes()


def refused(path: Path = PATH) -> str:
    """Return the message for a file that must be refused, in one line, with exit code 1."""
    with pytest.raises(CheckpointError) as caught:
        read_info(path)
    assert "\n" not in caught.value.message
    assert caught.value.exit_code == 1
    return caught.value.message


@pytest.mark.parametrize("key", OPTIONAL)
def test_files_written_before_there_was_a_key_are_read(key: str) -> None:
    values = asdict(description())
    del values[key]
    save_tensors(PATH, weights(), values)
    assert read_info(PATH) == description()


@pytest.mark.parametrize("preparation", [INK, Preparation("tile"), Preparation("whole", inverted=True)])
def test_a_preparation_survives_the_round_trip(preparation: Preparation) -> None:
    save_checkpoint(PATH, weights(), description(preparation=preparation))
    assert read_info(PATH).preparation == preparation


def test_an_objective_and_the_recipe_of_an_earlier_version_survive_the_round_trip() -> None:
    objective = {"name": "taught", "teacher": "convnext", "temperature": 2.0}
    recipe = {"epochs": 3, "pin_memory": False, "augmentation": {"cooldown": 0.6, "remainder": 0.3}}
    save_checkpoint(PATH, weights(), description(objective=objective, recipe=recipe))
    assert (read_info(PATH).objective, read_info(PATH).recipe) == (objective, recipe)


GOOD_CALIBRATION = {"temperature": 1.2, "threshold": 0.7, "false_alarm_rate": 0.005, "n": 5000.0}


def test_a_calibration_survives_the_round_trip() -> None:
    save_checkpoint(PATH, weights(), description(calibration=GOOD_CALIBRATION))
    assert read_info(PATH).calibration == GOOD_CALIBRATION


def test_the_same_content_gives_the_same_bytes(good_bytes: bytes) -> None:
    save_checkpoint(PATH, weights(), description())
    assert PATH.read_bytes() == good_bytes
    save_checkpoint(PATH, load_tensors(PATH), read_info(PATH))
    assert PATH.read_bytes() == good_bytes


def test_tensors_that_share_memory_or_are_strided_can_be_saved() -> None:
    base = torch.arange(12.0).reshape(3, 4)
    save_tensors(PATH, {"a": base, "b": base.T, "c": base[:, :2]}, {})
    loaded = load_tensors(PATH)
    assert torch.equal(loaded["b"], base.T)
    assert torch.equal(loaded["c"], base[:, :2])


@pytest.mark.parametrize("length", [19_280, 640, 896])
def test_a_header_whose_length_begins_like_a_pickle_is_no_pickle(length: int) -> None:
    # 19,280 is 0x4B50, the bytes "PK" of a zip file; 640 and 896 begin with 0x80, as pickles do.
    tensors = {"x": torch.zeros(1)}

    def size(padding: int) -> int:
        data = save(tensors, {"mnistkit": json.dumps({"pad": "x" * padding})})
        return int.from_bytes(data[:8], "little")

    padding = next(p for p in range(length - 200, length) if size(p) == length)
    save_tensors(PATH, tensors, {"pad": "x" * padding})
    assert int.from_bytes(PATH.read_bytes()[:8], "little") == length
    assert torch.equal(load_tensors(PATH)["x"], torch.zeros(1))
    # The header is read; only the description in it is none of a model.
    assert "its description is damaged" in refused()


def test_a_missing_file() -> None:
    assert refused() == "checkpoint model.safetensors does not exist"


def test_a_folder() -> None:
    PATH.mkdir()
    assert "is a folder" in refused()


def test_an_empty_file() -> None:
    PATH.touch()
    assert refused() == "model.safetensors is empty"


def test_a_file_that_may_not_be_read(good_bytes: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    # Tests may run as root, who may read everything.
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    PATH.write_bytes(good_bytes)
    monkeypatch.setattr(Path, "open", refuse)
    assert refused() == "cannot read model.safetensors: Permission denied"


@pytest.mark.parametrize("share", [0.0001, 0.001, 0.003, 0.01, 0.1, 0.5, 0.9, 0.999, 0.99999])
def test_a_truncated_file(share: float, good_bytes: bytes) -> None:
    PATH.write_bytes(good_bytes[: max(1, int(share * len(good_bytes)))])
    assert "cut short or damaged" in refused()


@quiet
@given(data=st.data())
def test_a_file_cut_anywhere_in_the_header(data: st.DataObject, good_bytes: bytes) -> None:
    header = 8 + int.from_bytes(good_bytes[:8], "little")
    PATH.write_bytes(good_bytes[: data.draw(st.integers(1, header))])
    refused()


@quiet
@given(content=st.binary(min_size=1, max_size=200))
def test_random_bytes(content: bytes) -> None:
    PATH.write_bytes(content)
    refused()


@quiet
@given(data=st.data())
def test_a_damaged_header_is_refused_or_harmless(data: st.DataObject, good_bytes: bytes) -> None:
    header = 8 + int.from_bytes(good_bytes[:8], "little")
    place = data.draw(st.integers(0, header - 1))
    changed = bytearray(good_bytes)
    changed[place] = data.draw(st.integers(0, 255))
    PATH.write_bytes(changed)
    try:
        read_info(PATH)
        load_tensors(PATH)
    except CheckpointError as error:
        assert "\n" not in error.message


@pytest.mark.parametrize("new_format", [True, False], ids=["zip", "legacy"])
def test_a_torch_save_file_is_refused_as_a_pickle(new_format: bool) -> None:
    torch.save(weights(), PATH, _use_new_zipfile_serialization=new_format)
    assert "is a pickle" in refused()


def test_a_pickle_is_never_executed() -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return os.mkdir, ("exploded",)

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        buffer = io.BytesIO()
        pickle.dump(Bomb(), buffer, protocol=protocol)
        PATH.write_bytes(buffer.getvalue())
        refused()
    assert not Path("exploded").exists()


def test_a_safetensors_file_of_someone_else() -> None:
    save_file(weights(), PATH)
    assert "not a mnistkit checkpoint" in refused()


def test_another_format_version() -> None:
    save_tensors(PATH, weights(), {**asdict(description()), "format_version": FORMAT_VERSION + 1})
    message = refused()
    assert f"checkpoint format {FORMAT_VERSION + 1}" in message
    assert f"reads format {FORMAT_VERSION}" in message


DAMAGE = {
    "architecture": [5, None, ["lenet5"]],
    "classes": ["0123456789", 10, [], ["one"], list(range(10)), None],
    "mean": ["0.1", None, True, float("nan")],
    "std": [0, -1, float("inf"), "x"],
    "dataset": [1, {}],
    "split": [None],
    "recipe": [[], "recipe", None, *({"eval_batch_size": value} for value in (0, -1, "500", 1.5, True))],
    "seed": ["0", 1.5, True],
    "epoch": [None, "3"],
    "metrics": [[], 5],
    "input_size": [28, [28], [28, 28, 1], ["28", "28"], [0, 28], {}],
    "preparation": [
        *(None, [], "ink", {"kind": "glue"}, {"kind": 3}, {"colour": "red"}),
        *({"kind": "ink", "inverted": True}, {"kind": "whole", "inverted": 1}),
    ],
    "objective": [None, [], "cross-entropy"],
    "init": [None, [], "pictures"],
    "shares": [None, 80, {}],
    "versions": [None, []],
    "format_version": ["1", True, None, [1], 1.0],
    "calibration": [
        None,
        [],
        {"temperature": 1.0},
        *({**GOOD_CALIBRATION, "temperature": value} for value in (0, -1, "1", None, math.inf)),
        *({**GOOD_CALIBRATION, "threshold": value} for value in (-0.1, 1.5, math.nan, [])),
    ],
}


@pytest.mark.parametrize("key", [field for field in asdict(description()) if field not in OPTIONAL])
def test_a_description_without_one_key(key: str) -> None:
    values = asdict(description())
    del values[key]
    save_tensors(PATH, weights(), values)
    assert "its description is damaged" in refused()


def test_every_key_has_damaged_values_to_test() -> None:
    assert set(DAMAGE) == set(asdict(description()))


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in DAMAGE.items() for value in values])
def test_a_description_with_a_value_of_the_wrong_kind(key: str, value: object) -> None:
    save_tensors(PATH, weights(), {**asdict(description()), key: value})
    assert "its description is damaged" in refused()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@quiet
@given(key=st.sampled_from(sorted(DAMAGE)), value=json_values)
def test_any_value_under_any_key_is_read_or_refused(key: str, value: Any) -> None:
    text = json.dumps({**asdict(description()), key: value})
    try:
        CheckpointInfo.from_json(text, PATH)
    except CheckpointError as error:
        assert str(PATH) in error.message


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "null", '"x"', "{}", "[" * 100_000])
def test_a_description_that_is_no_object(text: str) -> None:
    with pytest.raises(CheckpointError, match="its description is damaged"):
        CheckpointInfo.from_json(text, PATH)


@pytest.mark.parametrize("hidden", [True, False], ids=["in the library's error", "while flushing"])
def test_a_full_disk_keeps_the_old_checkpoint(
    hidden: bool, good_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors import SafetensorError

    def full(*_: object, **__: object) -> None:
        if hidden:
            raise SafetensorError('I/O error: Os { code: 28, kind: StorageFull, message: "No space left" }')
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    PATH.write_bytes(good_bytes)
    monkeypatch.setattr(*(("safetensors.torch.save_file", full) if hidden else ("os.fsync", full)))
    with pytest.raises(OutputError, match=r"cannot write model\.safetensors: No space left on device$"):
        save_checkpoint(PATH, weights(), description(seed=1))
    assert PATH.read_bytes() == good_bytes
    assert list(Path().iterdir()) == [PATH]


def test_the_description_is_read_without_torch(good_bytes: bytes) -> None:
    PATH.write_bytes(good_bytes)
    code = (
        "import sys; from pathlib import Path; from mnistkit.checkpoint import read_info\n"
        "print(read_info(Path('model.safetensors')).architecture, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "lenet5 False\n"
