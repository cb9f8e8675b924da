"""``mnistkit predict`` from the outside: what is printed where, exit codes, and every kind of bad file."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnistkit.imaging.limits import DEFAULT_LIMITS
from mnistkit.inference.calibration import Calibration
from mnistkit.locate import DEFAULT_BUNDLED
from tests.support.cli import HEAVY, CliResult, RunCli, on_terminal, run_module
from tests.support.names import unescaped
from tests.support.pictures import encoded, page, two_digits, write_tiles

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX files only")


@pytest.fixture
def predict(run_cli: RunCli, checkpoint: Path) -> RunCli:
    def run(*args: object, input: str | bytes | None = None) -> CliResult:
        return run_cli("predict", "--checkpoint", checkpoint, "--device", "cpu", *args, input=input)

    return run


@pytest.fixture
def mixed() -> list[str]:
    """A digit, a page without one, one with two, and a file that is no picture."""
    page().save("seven.png")
    Image.new("L", (200, 200), 250).save("blank.png")
    two_digits().save("two.png")
    Path("text.png").write_text("no picture")
    return ["seven.png", "blank.png", "text.png", "two.png"]


def test_a_pipe_gets_path_answer_and_probability(predict: RunCli, mixed: list[str]) -> None:
    result = predict(*mixed)
    lines = [line.split("\t") for line in result.out.splitlines()]
    assert [line[:2] for line in lines] == [["seven.png", "7"], ["blank.png", "nothing"], ["two.png", "several:2"]]
    assert 0.5 <= float(lines[0][2]) <= 1
    assert [line[2] for line in lines[1:]] == ["", ""]
    assert result.code == 3
    assert result.err.splitlines() == [
        "error: text.png is a text, not a picture, whatever its name says",
        "error: 1 of 4 pictures could not be read",
    ]


def test_more_classes_are_more_columns(predict: RunCli, mixed: list[str]) -> None:
    lines = [line.split("\t") for line in predict("seven.png", "blank.png", "--top-k", 3).out.splitlines()]
    assert [len(line) for line in lines] == [7, 7]
    shares = [float(text) for text in lines[0][2::2]]
    assert shares == sorted(shares, reverse=True)
    assert lines[1][2:] == [""] * 5


def test_json_is_one_document(predict: RunCli, mixed: list[str], checkpoint: Path) -> None:
    result = predict(*mixed, "--json", "--top-k", 2)
    document = json.loads(result.out)
    assert result.code == 3
    assert document["schema"] == "mnistkit/predict/2"
    assert (document["checkpoint"], document["n"]) == (str(checkpoint), 4)
    assert document["calibration"]["threshold"] == 0.5
    assert document["verdicts"] == {
        "digit": 1,
        "unsure": 0,
        "nothing": 1,
        "several": 1,
        "not-a-digit": 0,
        "error": 1,
    }
    digit, blank, text, two = document["pictures"]
    assert [each["path"] for each in document["pictures"]] == mixed
    assert (digit["digit"], digit["width"], digit["height"], len(digit["top"])) == ("7", 300, 300, 2)
    assert digit["top"][0] == {"guess": "7", "probability": digit["probability"]}
    assert (blank["verdict"], blank["digit"], blank["guess"], blank["top"]) == ("nothing", None, None, [])
    assert text["verdict"] == "error" and text["error"].startswith("text.png is a text")
    assert (two["verdict"], two["count"]) == ("several", 2)


def test_json_lines_hold_the_same(predict: RunCli, mixed: list[str]) -> None:
    lines = [json.loads(line) for line in predict(*mixed, "--jsonl").out.splitlines()]
    assert {line.pop("schema") for line in lines} == {"mnistkit/predict-line/2"}
    assert lines == json.loads(predict(*mixed, "--json").out)["pictures"]


def test_csv_holds_the_same(predict: RunCli, mixed: list[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(predict(*mixed, "--csv").out)))
    assert [(row["path"], row["verdict"], row["digit"]) for row in rows] == [
        ("seven.png", "digit", "7"),
        ("blank.png", "nothing", ""),
        ("text.png", "error", ""),
        ("two.png", "several", ""),
    ]
    assert float(rows[0]["probability"]) > float(rows[0]["probability_2"]) > float(rows[0]["probability_3"])
    assert rows[2]["error"].startswith("text.png is a text")


def test_every_form_says_what_an_unsure_answer_would_have_been(
    predict: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Calibration, "of", lambda values: Calibration(threshold=1.0))
    page().save("seven.png")
    path, word, probability = predict("seven.png").out.rstrip("\n").split("\t")
    assert (path, word) == ("seven.png", "unsure:7")
    (row,) = csv.DictReader(io.StringIO(predict("seven.png", "--csv").out))
    assert (row["verdict"], row["digit"], row["guess"]) == ("unsure", "", "7")
    assert float(row["probability"]) == pytest.approx(float(probability), abs=1e-6)
    (shown,) = json.loads(predict("seven.png", "--json").out)["pictures"]
    assert (shown["verdict"], shown["digit"], shown["guess"]) == ("unsure", None, "7")


@pytest.mark.parametrize("options", [("--json", "--csv"), ("--jsonl", "--json"), ("--top-k", "0"), ("-k", "11")])
def test_wrong_usage(options: tuple[str, ...], predict: RunCli) -> None:
    page().save("x.png")
    result = predict("x.png", *options)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: --")


def test_one_picture_that_cannot_be_read_is_a_failure(predict: RunCli) -> None:
    assert predict("gone.png") == CliResult(1, "", "error: gone.png does not exist\n")
    Path("empty").mkdir()
    result = predict("empty")
    assert (result.code, result.err.splitlines()[0]) == (1, "error: empty holds no pictures")
    Path("x.png").write_text("no")
    result = predict("x.png", "--json")
    assert (result.code, result.out) == (1, "")


def test_standard_input(predict: RunCli) -> None:
    result = predict("-", input=encoded(page(), "PNG"))
    assert result.out.startswith("-\t7\t")
    result = predict("-", input=b"")
    assert (result.code, result.out, result.err) == (1, "", "error: standard input: the picture is empty\n")


def test_a_folder_without_a_checkpoint_to_use(run_cli: RunCli, nothing_bundled: None) -> None:
    write_tiles(Path("tiles"), 2)
    result = run_cli("predict", "tiles")
    assert result.code == 1
    assert "no finished run" in result.err


def test_the_bundled_default_is_used_and_said(
    run_cli: RunCli, checkpoint: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / f"{DEFAULT_BUNDLED}.safetensors").write_bytes(checkpoint.read_bytes())
    monkeypatch.setattr("mnistkit.locate.WEIGHTS", tmp_path / "weights")
    page().save("x.png")
    result = run_cli("predict", "x.png", "--device", "cpu")
    assert result.out.startswith("x.png\t7\t")
    assert result.err == f"checkpoint: {DEFAULT_BUNDLED}, which ships with mnistkit\n"


def deep() -> Image.Image:
    return Image.fromarray(np.asarray(page(), dtype=np.uint16) * 257)


def transparent() -> Image.Image:
    ink = Image.eval(page(), lambda level: 255 - level)
    picture = Image.new("RGBA", ink.size, "white")
    picture.putalpha(ink)
    return picture


def frames(kind: str) -> bytes:
    return encoded(page(), kind, save_all=True, append_images=[page(1), page(2)])


GOOD = {
    "palette.png": lambda: encoded(page().convert("P"), "PNG"),
    "bits.png": lambda: encoded(page().convert("1"), "PNG"),
    "deep.png": lambda: encoded(deep(), "PNG"),
    "deep.tif": lambda: encoded(deep(), "TIFF"),
    "cmyk.jpg": lambda: encoded(page().convert("CMYK"), "JPEG"),
    "white-ink.png": lambda: encoded(transparent(), "PNG"),
    "moving.gif": lambda: frames("GIF"),
    "pages.tif": lambda: frames("TIFF"),
    "wrong-suffix.jpg": lambda: encoded(page(), "PNG"),
    "no-suffix": lambda: encoded(page(), "WEBP"),
    "with space.bmp": lambda: encoded(page(), "BMP"),
}


@pytest.mark.parametrize("name", GOOD)
def test_pictures_of_many_kinds(name: str, predict: RunCli) -> None:
    Path(name).write_bytes(GOOD[name]())
    result = predict(name, "--json")
    assert (result.code, result.err) == (0, "")
    (found,) = json.loads(result.out)["pictures"]
    assert found["digit"] == "7"
    has_frames = name in ("moving.gif", "pages.tif")
    assert found["notes"] == (["first of 3 frames"] if has_frames else [])


def bomb() -> bytes:
    """A PNG file that says it is 60,000 pixels wide and high."""
    import struct
    import zlib

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


BAD = {
    "empty.png": (lambda: b"", "is empty"),
    "text.png": (lambda: b"hello\n" * 50, "is a text"),
    "cut.png": (lambda: encoded(page(), "PNG")[:400], "is damaged"),
    "cut.jpg": (lambda: encoded(page(), "JPEG")[:900], "is damaged"),
    "cut.tif": (lambda: encoded(page(), "TIFF")[:5000], "is damaged"),
    "drawing.svg": (
        lambda: b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        "is an SVG drawing",
    ),
    "photo.heic": (lambda: b"\0\0\0\x18ftypheic" + b"\0" * 200, "is a HEIC picture"),
    "bomb.png": (bomb, f"more than {DEFAULT_LIMITS.pixels_text}"),
    "random.png": (lambda: bytes(range(256)) * 4, "is no picture of a known format"),
}


def test_bad_files_are_told_in_a_line_each_and_the_others_go_on(predict: RunCli) -> None:
    Path("all").mkdir()
    for name, (content, _) in BAD.items():
        Path("all", name).write_bytes(content())
    page().save("all/good.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = predict("all")
    assert result.code == 3
    assert result.out.startswith("all/good.png\t7\t") and result.out.count("\n") == 1
    *lines, last = result.err.splitlines()
    assert last == f"error: {len(BAD)} of {len(BAD) + 1} pictures could not be read"
    assert len(lines) == len(BAD)
    for name in sorted(BAD):
        (line,) = (line for line in lines if line.startswith(f"error: all/{name} "))
        assert BAD[name][1] in line


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 2), (28, 28)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_pictures_too_small_for_a_digit(size: tuple[int, int], level: int, predict: RunCli) -> None:
    Image.new("L", size, level).save("x.png")
    result = predict("x.png")
    assert (result.code, result.out, result.err) == (0, "x.png\tnothing\t\n", "")


@posix_only
def test_a_pipe_and_a_device_are_refused_without_waiting(checkpoint: Path) -> None:
    os.mkfifo("pipe.png")
    # Who opens the pipe all the same finds it empty, and does not wait for ever for somebody who writes.
    writer = threading.Thread(target=lambda: Path("pipe.png").open("wb").close())
    writer.start()
    page().save("good.png")
    names = ["pipe.png", "/dev/zero", "good.png"]
    done = run_module("predict", "-c", str(checkpoint), "--device", "cpu", *names)
    os.close(os.open("pipe.png", os.O_RDONLY | os.O_NONBLOCK))
    writer.join()
    assert done.returncode == 3
    assert done.stdout.startswith("good.png\t7\t")
    assert "error: pipe.png is a pipe, not a regular file" in done.stderr
    assert "error: /dev/zero is a device, not a regular file" in done.stderr


def test_no_permission(predict: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    # Tests may run as root, who may read everything.
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    page().save("x.png")
    monkeypatch.setattr("mnistkit.imaging.read_bytes.os.open", refuse)
    result = predict("x.png")
    assert result.code == 1
    assert result.err.startswith("error: x.png cannot be read: no permission\n")


@posix_only
def test_odd_names_stay_in_their_line_and_can_be_read_back(checkpoint: Path) -> None:
    names = [b"a\nb.png", b"tab\there.png", b"back\\slash.png", b"\xff\xfe.png", "ünï 7.png".encode(), b"-.png"]
    content = encoded(page(), "PNG")
    Path("odd").mkdir()
    for name in names:
        Path("odd", os.fsdecode(name)).write_bytes(content)
    Path("odd", os.fsdecode(b"bad\xff\n.png")).write_bytes(b"")
    command = [sys.executable, "-m", "mnistkit", "predict", "-c", str(checkpoint), "--device", "cpu", "odd"]
    done = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    assert done.returncode == 3
    lines = [line.split("\t") for line in done.stdout.decode("utf-8").splitlines()]
    assert all(len(line) == 3 and line[1] == "7" for line in lines)
    assert {unescaped(line[0]) for line in lines} == {b"odd/" + name for name in names}
    assert len(done.stderr.decode("utf-8").splitlines()) == 2
    done = subprocess.run([*command, "--json"], capture_output=True)
    found = {each["path"] for each in json.loads(done.stdout)["pictures"]}
    assert {os.fsencode(name) for name in found} >= {b"odd/" + name for name in names}


def test_explain_draws_one_picture_into_a_file(predict: RunCli) -> None:
    page().save("x.png")
    result = predict("x.png", "--explain", "new/why.png")
    assert result.out.startswith("x.png\t7\t")
    assert result.err.replace("\\", "/") == "wrote new/why.png\n"
    with Image.open("new/why.png") as figure:
        assert figure.width > 900 and figure.height > 400
        assert len(np.unique(np.asarray(figure.convert("L")))) > 20


def test_explain_draws_several_into_a_folder(predict: RunCli, mixed: list[str]) -> None:
    Path("more").mkdir()
    page(1).save("more/seven.jpg")
    assert predict(*mixed, "more/seven.jpg", "--explain", "why").code == 3
    assert sorted(path.name for path in Path("why").iterdir()) == [
        "blank.explained.png",
        "seven-2.explained.png",
        "seven.explained.png",
        "two.explained.png",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("x.png", "y.png", "--explain", "why.png"), "2 pictures do not go into one file"),
        (("x.png", "--explain", "why.jpg"), "names no known format"),
        (("x.png", "--explain", "x.png"), "is the picture itself"),
    ],
)
def test_explanations_that_cannot_be_written(arguments: tuple[str, ...], said: str, predict: RunCli) -> None:
    page().save("x.png")
    before = Path("x.png").read_bytes()
    page(1).save("y.png")
    result = predict(*arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err.splitlines()[0]
    assert Path("x.png").read_bytes() == before


def test_an_explanation_never_replaces_what_is_not_one(predict: RunCli) -> None:
    page().save("x.png")
    page(1).save("mine.png")
    before = Path("mine.png").read_bytes()
    result = predict("x.png", "--explain", "mine.png")
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines()[0] == "error: mine.png is there already, and mnistkit did not draw it"
    Path("why").mkdir()
    Path("why/x.explained.png").write_bytes(before)
    for _ in range(2):
        assert "wrote why/x-2.explained.png" in predict("x.png", "--explain", "why").err.replace("\\", "/")
    assert before == Path("mine.png").read_bytes() == Path("why/x.explained.png").read_bytes()


def test_explanations_beside_the_pictures_are_not_read_the_next_time(predict: RunCli) -> None:
    Path("scans").mkdir()
    page().save("scans/x.png")
    page(1).save("scans/y.png")
    first = predict("scans", "--explain", "scans")
    assert len(first.out.splitlines()) == 2
    again = predict("scans", "--explain", "scans")
    assert again.out == first.out
    assert "left out 2 figures that mnistkit drew, such as scans/x.explained.png" in again.err.replace("\\", "/")
    assert sorted(path.name for path in Path("scans").iterdir()) == [
        *("x.explained.png", "x.png", "y.explained.png", "y.png")
    ]


def test_a_missing_picture_is_told_before_anything_heavy_is_loaded() -> None:
    code = (
        "import sys\nfrom mnistkit.cli import main\ncode = main(['predict', 'gone.png'])\n"
        f"print(code, *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("1\n", "error: gone.png does not exist\n")


@posix_only
def test_a_terminal_gets_pictures_lines_and_a_summary(checkpoint: Path, mixed: list[str]) -> None:
    columns = 80
    one = on_terminal("predict", "-c", str(checkpoint), "--device", "cpu", "seven.png", columns=columns)
    assert "seven.png: 7 with" in one
    assert max(len(line) for line in one.splitlines()) <= columns
    many = on_terminal("predict", "-c", str(checkpoint), "--device", "cpu", *mixed, columns=columns)
    assert "nothing              blank.png" in many
    assert "several:2            two.png" in many
    assert "4 pictures: digit 1, nothing 1, several 1, error 1" in many


ANSWERED = """
import sys
from pathlib import Path
from mnistkit.cli import main
code = main(sys.argv[1:])
status = Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else []
peak = [line.split()[1] for line in lines if line.startswith("VmHWM")]
print(code, *peak, *[name for name in ("torch", "torchvision", "scipy", "pydantic") if name in sys.modules])
"""
MOST_MEMORY = 120_000


def answered(*arguments: str) -> list[str]:
    """Return what ``predict`` answers in a process of its own, and its exit code, peak of memory and modules."""
    command = [sys.executable, "-c", ANSWERED, "predict", *arguments]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout.split()


@pytest.mark.parametrize("kind", ["photo", "tile"])
def test_a_picture_is_answered_without_torch_and_in_little_memory(kind: str) -> None:
    page().save("photo.png")
    write_tiles(Path("tile"), 1)
    path = "photo.png" if kind == "photo" else "tile/00000.png"
    named, answer, _, code, *rest = answered(path)
    assert (named, answer, code) == (path, "7", "0")
    if sys.platform == "linux":
        assert int(rest.pop(0)) <= MOST_MEMORY
    # Only what looks for ink needs scipy.
    assert rest == (["scipy"] if kind == "photo" else [])


def test_torch_is_used_on_request_and_answers_the_same() -> None:
    page().save("photo.png")
    numpy, torch = (answered("photo.png", "--backend", backend) for backend in ("numpy", "torch"))
    assert "torch" in torch and "torch" not in numpy
    assert numpy[1] == torch[1] == "7"
    assert float(numpy[2]) == pytest.approx(float(torch[2]), abs=1e-5)


@pytest.mark.parametrize("count", [1, 2, 3, 40])
def test_few_and_many_pictures_are_answered_alike_by_both(
    count: int, run_cli: RunCli, choose_threads: Callable[[int], None]
) -> None:
    choose_threads(2)
    write_tiles(Path("tiles"), count)
    lines = [run_cli("predict", "tiles", "--backend", each).out.splitlines() for each in ("numpy", "torch")]
    assert len(lines[0]) == count
    for first, second in zip(*lines, strict=True):
        assert first.split("\t")[:2] == second.split("\t")[:2]
        assert float(first.split("\t")[2]) == pytest.approx(float(second.split("\t")[2]), abs=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--backend", "nump"), "unknown backend 'nump'; did you mean 'numpy'?"),
        (
            ("--backend", "numpy", "--device", "cuda"),
            "the backend numpy computes in fp32 on the CPU, not in fp32 on cuda",
        ),
    ],
)
def test_a_backend_that_cannot_be_had_is_wrong_usage(
    options: tuple[str, ...], message: str, run_cli: RunCli
) -> None:
    page().save("photo.png")
    result = run_cli("predict", "photo.png", *options)
    assert result.code == 2
    assert f"error: {message}" in result.err
