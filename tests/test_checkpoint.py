"""Checkpoints: the same content gives the same bytes, and no file whatever leads to a traceback."""

from __future__ import annotations

import errno
import hashlib
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
from safetensors.torch import save_file

from mnistkit.checkpoint import (
    FORMAT_VERSION,
    CheckpointInfo,
    load_tensors,
    read_description,
    read_info,
    save_checkpoint,
    save_tensors,
)
from mnistkit.exceptions import CheckpointError, OutputError
from mnistkit.preparation import INK, Preparation
from tests.support.checkpoints import description

PATH = Path("model.safetensors")
# Files from before they were written lack these.
OPTIONAL = ("preparation", "calibration", "objective", "init", "shares", "program")
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
        save_tensors(PATH, tensors, {"pad": "x" * padding})
        return int.from_bytes(PATH.read_bytes()[:8], "little")

    next(p for p in range(length - 300, length) if size(p) == length)
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


@quiet
@given(data=st.data())
def test_no_byte_of_the_weights_can_change_unnoticed(data: st.DataObject, good_bytes: bytes) -> None:
    header = 8 + int.from_bytes(good_bytes[:8], "little")
    changed = bytearray(good_bytes)
    changed[data.draw(st.integers(header, len(good_bytes) - 1))] ^= data.draw(st.integers(1, 255))
    PATH.write_bytes(changed)
    # The description is sound, and read without the weights.
    assert read_info(PATH) == description()
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged: its bytes are not those") as caught:
        load_tensors(PATH)
    assert caught.value.hint and "mnistkit train" in caught.value.hint


def test_neither_can_the_description(good_bytes: bytes) -> None:
    assert good_bytes.count(b"0.1307") == 1
    PATH.write_bytes(good_bytes.replace(b"0.1307", b"0.1308"))
    assert read_info(PATH).mean == 0.1308
    with pytest.raises(CheckpointError, match="is damaged"):
        load_tensors(PATH)


def test_the_digest_is_that_of_the_file_with_zeros_in_its_place(good_bytes: bytes) -> None:
    PATH.write_bytes(good_bytes)
    digest = json.loads(read_description(PATH))["file_sha256"]
    assert hashlib.sha256(good_bytes.replace(digest.encode(), b"0" * 64)).hexdigest() == digest


def test_files_from_before_there_were_digests_are_read() -> None:
    save_file(weights(), PATH, {"mnistkit": json.dumps(asdict(description()))})
    assert b"sha256" not in PATH.read_bytes()
    assert read_info(PATH) == description()
    assert {name: value.tolist() for name, value in load_tensors(PATH).items()} == {
        name: value.tolist() for name, value in weights().items()
    }


def test_a_description_may_hold_digests_of_its_own() -> None:
    objective = {"name": "taught", "teacher": {"file_sha": "0" * 64}, "file_sha256 ": "0" * 64}
    save_checkpoint(PATH, weights(), description(objective=objective))
    assert read_info(PATH).objective == objective
    assert load_tensors(PATH).keys() == weights().keys()


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
    "program": [None, [], "images"],
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


@pytest.mark.parametrize("place", ["pathlib.Path.write_bytes", "os.fsync"])
def test_a_full_disk_keeps_the_old_checkpoint(
    place: str, good_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    PATH.write_bytes(good_bytes)
    monkeypatch.setattr(place, full)
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
