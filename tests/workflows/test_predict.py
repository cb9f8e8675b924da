"""Recognising pictures: what is found, in which order, and that it agrees with the direct evaluation."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from mnistkit.checkpoint import load_tensors, read_info, save_checkpoint
from mnistkit.data import load_dataset
from mnistkit.data.batches import Normalisation
from mnistkit.exceptions import CheckpointError, PictureError, UsageError
from mnistkit.imaging import load
from mnistkit.imaging import prepare as preparing
from mnistkit.imaging.prepared import Prepared
from mnistkit.inference.answers import Answer, Failure, Verdict
from mnistkit.inference.checkpoints import FoundCheckpoint, load_model
from mnistkit.inference.read_ahead import PictureInput
from mnistkit.workflows import predict as workflow
from mnistkit.workflows.picture_files import find_pictures
from mnistkit.workflows.predict import PredictConfig, open_run
from tests.support.pictures import encoded, page, two_digits, write_tiles


def results(checkpoint: Path, *inputs: object, **options: Any) -> list[Answer | Failure]:
    specs = tuple(map(str, inputs))
    config = PredictConfig(specs, checkpoint=str(checkpoint), device="cpu", **options)
    return list(open_run(config).results())


def answers(checkpoint: Path, *inputs: object, **options: Any) -> list[Answer]:
    found = results(checkpoint, *inputs, **options)
    assert not [each for each in found if isinstance(each, Failure)]
    return [each for each in found if isinstance(each, Answer)]


@pytest.mark.usefixtures("each_processor")
def test_mnist_as_png_files_gives_the_answers_of_the_direct_evaluation(checkpoint: Path) -> None:
    write_tiles(Path("tiles"), 300)
    found = answers(checkpoint, "tiles", batch_size=64)
    images = torch.from_numpy(load_dataset("mnist").test.images[:300].copy()).unsqueeze(1)
    found_checkpoint = FoundCheckpoint.read(checkpoint)
    normalisation = Normalisation(found_checkpoint.info.mean, found_checkpoint.info.std)
    with torch.inference_mode():
        shares = load_model(found_checkpoint)(normalisation(images)).double().softmax(dim=1)
    assert [int(each.ranking[0][0]) for each in found] == shares.argmax(dim=1).tolist()
    assert [each.probability for each in found] == pytest.approx(shares.amax(dim=1).tolist(), abs=1e-4)
    assert all(
        np.array_equal(each.picture.tile, image[0]) for each, image in zip(found, images.numpy(), strict=True)
    )
    labels = load_dataset("mnist").test.labels[:300].tolist()
    accuracy = np.mean([each.digit == str(label) for each, label in zip(found, labels, strict=True)])
    assert accuracy > 0.7


@pytest.mark.parametrize(("batch_size", "workers"), [(1, 1), (7, 3), (500, 2)])
def test_the_order_is_that_of_the_input(batch_size: int, workers: int, checkpoint: Path) -> None:
    paths = [str(path) for path in write_tiles(Path("tiles"), 20)]
    paths[3:3] = ["missing.png"]
    order = [*paths[10:], *paths[:10]]
    found = results(checkpoint, *order, batch_size=batch_size, workers=workers)
    assert [each.name for each in found] == order
    assert [each.name for each in found if isinstance(each, Failure)] == ["missing.png"]


def test_progress_reaches_the_end_and_is_not_shown_for_one(checkpoint: Path) -> None:
    calls: list[tuple[int, int, str]] = []
    paths = write_tiles(Path("tiles"), 5)
    answers(checkpoint, *paths, batch_size=2, progress=lambda *call: calls.append(call))
    assert calls[-1] == (5, 5, "pictures")
    assert len(calls) >= 3
    calls.clear()
    answers(checkpoint, paths[0], progress=lambda *call: calls.append(call))
    assert calls == []


def test_answers_do_not_wait_for_a_slow_batch_to_fill(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = write_tiles(Path("tiles"), 6)
    answered, read = threading.Event(), load.load_picture

    def slow(source: str, **options: object) -> object:
        # What waits for the last picture before it answers the first waits in vain, and gets no picture.
        if source == str(paths[5]) and not answered.wait(60):
            raise PictureError("nothing was answered")
        return read(source, **options)

    monkeypatch.setattr(load, "load_picture", slow)
    clock = SimpleNamespace(monotonic=partial(next, count(0, 2 * workflow._PATIENCE)))
    monkeypatch.setattr(workflow, "time", clock)
    config = PredictConfig(tuple(map(str, paths)), checkpoint=str(checkpoint), device="cpu")
    stream = open_run(config).results()
    first = next(stream)
    answered.set()
    assert [each.name for each in (first, *stream) if isinstance(each, Answer)] == [str(path) for path in paths]


@pytest.mark.parametrize(
    ("picture", "verdict", "count"),
    [
        (page(), Verdict.DIGIT, 1),
        (Image.new("RGB", (400, 300), "white"), Verdict.NOTHING, 0),
        (Image.new("L", (28, 28), 0), Verdict.NOTHING, 0),
        (two_digits(), Verdict.SEVERAL, 2),
    ],
    ids=["digit", "blank", "black tile", "two"],
)
def test_what_the_preparation_finds_comes_first(
    picture: Image.Image, verdict: Verdict, count: int, checkpoint: Path
) -> None:
    picture.save("x.png")
    (found,) = answers(checkpoint, "x.png")
    assert (found.verdict, found.picture.digits, found.picture.size) == (verdict, count, picture.size)
    is_digit = verdict is Verdict.DIGIT
    assert (found.digit is not None) == (found.probability is not None) == is_digit
    assert len(found.ranking) == (10 if is_digit else 0)


def test_the_threshold_and_the_temperature_of_the_checkpoint_count(checkpoint: Path) -> None:
    write_tiles(Path("tiles"), 1)
    (plain,) = answers(checkpoint, "tiles")
    calibration = {"temperature": 3.0, "threshold": 0.999, "false_alarm_rate": 0.004, "n": 5000}
    save_checkpoint(
        Path("strict.safetensors"),
        load_tensors(checkpoint),
        replace(read_info(checkpoint), calibration=calibration),
    )
    (strict,) = answers(Path("strict.safetensors"), "tiles")
    assert plain.verdict is Verdict.DIGIT
    assert (strict.verdict, strict.digit) == (Verdict.UNSURE, None)
    assert strict.ranking[0][0] == plain.digit
    assert strict.ranking[0][1] < plain.ranking[0][1]
    assert sum(share for _, share in strict.ranking) == pytest.approx(1)


def test_steps_are_kept_only_where_they_are_wanted(checkpoint: Path) -> None:
    page().save("x.png")
    assert answers(checkpoint, "x.png")[0].picture.steps == ()
    steps = answers(checkpoint, "x.png", keep_steps=True)[0].picture.steps
    assert steps[0].name == "original"
    assert steps[-1].name == "tile"


def test_standard_input(checkpoint: Path) -> None:
    (found,) = answers(checkpoint, "-", read_stdin=lambda: encoded(page(), "PNG"))
    assert (found.name, found.verdict) == ("-", Verdict.DIGIT)
    (failed,) = results(checkpoint, "-", read_stdin=lambda: b"text")
    assert isinstance(failed, Failure)
    assert failed.error.message.startswith("standard input: the picture is a text")


def test_an_error_of_ours_fails_one_picture_and_not_all(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = write_tiles(Path("tiles"), 3)
    prepare, broken = preparing.prepare_checked, threading.Lock()

    def fail_once(*arguments: Any, **options: Any) -> Prepared:
        if broken.acquire(blocking=False):
            raise ZeroDivisionError("oh")
        return prepare(*arguments, **options)

    monkeypatch.setattr(preparing, "prepare_checked", fail_once)
    found = results(checkpoint, *paths, workers=1)
    assert [isinstance(each, Failure) for each in found] == [True, False, False]
    assert isinstance(found[0], Failure)
    assert "internal error: ZeroDivisionError: oh" in found[0].error.message


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("empty", "empty holds no pictures"),
        ("*.jpg", r"no picture matches \*\.jpg"),
        ("gone.png", "gone.png does not exist"),
        ("https://x.org/a.png", "the picture https://x.org/a.png is a URL, which is not downloaded by mnistkit"),
        ("a\0b", "does not exist"),
    ],
)
def test_what_names_no_picture_is_a_failure_in_its_place(spec: str, message: str, checkpoint: Path) -> None:
    Path("empty").mkdir()
    Path("x.png").touch()
    first, second = find_pictures([spec, "x.png"])
    assert isinstance(first, Failure)
    assert isinstance(second, PictureInput)
    with pytest.raises(PictureError, match=message):
        open_run(PredictConfig((spec,), checkpoint=str(checkpoint)))


def test_wrong_requests(checkpoint: Path) -> None:
    Path("x.png").touch()
    with pytest.raises(UsageError, match="no picture is given"):
        open_run(PredictConfig((), checkpoint=str(checkpoint)))
    for top in (0, -1, 11):
        with pytest.raises(UsageError, match="--top-k"):
            open_run(PredictConfig(("x.png",), checkpoint=str(checkpoint), top=top))
    info = replace(read_info(checkpoint), input_size=(32, 32))
    save_checkpoint(Path("large.safetensors"), load_tensors(checkpoint), info)
    with pytest.raises(CheckpointError, match="for pictures of 32x32"):
        open_run(PredictConfig(("x.png",), checkpoint="large.safetensors"))


@pytest.mark.parametrize("dying", [1, 3], ids=["file", "standard input"])
def test_pictures_are_read_in_another_process_which_may_die(dying: int, checkpoint: Path) -> None:
    paths = [*map(str, write_tiles(Path("tiles"), 3)), "-"]
    code = """
import os, sys
from mnistkit.imaging import load
from mnistkit.workflows.predict import PredictConfig, open_run

parent, read = os.getpid(), load.load_picture
dying = sys.argv[2 + int(sys.argv[-1])]
def dies_elsewhere(source, **options):
    if os.getpid() != parent and (source == dying or isinstance(source, bytes) and dying == "-"):
        os._exit(9)
    return read(source, **options)
load.load_picture = dies_elsewhere
config = PredictConfig(tuple(sys.argv[2:-1]), checkpoint=sys.argv[1], device="cpu")
print(*[f"{answer.name} {answer.digit}" for answer in open_run(config).results()], sep="\\n")
"""
    command = [sys.executable, "-c", code, str(checkpoint), *paths, str(dying)]
    picture = Path(paths[0]).read_bytes()
    done = subprocess.run(command, capture_output=True, input=picture)
    lines = done.stdout.decode().splitlines()
    assert done.stderr == b""
    assert [line.split()[0] for line in lines] == paths
    assert lines[3].split()[1] == lines[0].split()[1]


def test_the_caller_keeps_its_threads_also_when_it_stops_half_way(checkpoint: Path) -> None:
    write_tiles(Path("tiles"), 40)
    before = torch.get_num_threads()
    stream = open_run(PredictConfig(("tiles",), checkpoint=str(checkpoint), device="cpu", batch_size=3)).results()
    assert isinstance(next(stream), Answer)
    stream.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("lane", "pictures"))]
    in_new_thread: list[int] = []
    thread = threading.Thread(target=lambda: in_new_thread.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert (torch.get_num_threads(), in_new_thread) == (before, [before])
