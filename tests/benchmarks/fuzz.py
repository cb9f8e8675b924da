"""Damage thousands of picture files at random and let ``mnistkit predict`` read them all.

    python tests/benchmarks/fuzz.py [--files N] [--seed S]

Pictures of several formats and sizes lose bytes, gain bytes, have bytes changed (most in the header, where sizes
and offsets stand), are cut short or joined. Reported are the exit code, tracebacks on standard error, files
without an outcome, the time and the peak memory. It ends with exit code 1 if a file was lost or a traceback seen.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from mnistkit.data import load_dataset
from tests.support.memory import RSS_UNIT
from tests.support.picture_generator import STYLES, digit_picture

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO", "TGA", "PCX")


def originals(rng: np.random.Generator) -> list[tuple[str, bytes]]:
    """Return (suffix, content) of whole files: each format, with a large picture and a 28x28 one."""
    mnist = load_dataset("mnist").split("val")
    files = []
    for number, kind in enumerate(FORMATS):
        made = digit_picture(mnist.images[number], int(mnist.labels[number]), STYLES["phone"], rng)
        large = Image.fromarray(made.pixels).convert("RGB")
        large.thumbnail((400, 400))
        for picture in (large, Image.fromarray(mnist.images[number])):
            buffer = io.BytesIO()
            picture.save(buffer, kind)
            files.append((kind.lower(), buffer.getvalue()))
    return files


def damaged(content: bytes, others: list[tuple[str, bytes]], rng: np.random.Generator) -> bytes:
    """Return a damaged copy."""
    data = bytearray(content)
    kind = int(rng.integers(5))
    for _ in range(int(rng.integers(1, 12))):
        place = int(rng.integers(min(len(data), 200) if rng.random() < 0.7 else len(data)))
        if kind == 0:
            data[place] = int(rng.integers(256))
        elif kind == 1:
            data[place] ^= 1 << int(rng.integers(8))
        elif kind == 2:
            del data[place : place + int(rng.integers(1, 20))]
            data = data or bytearray(b"\0")
        elif kind == 3:
            data[place:place] = rng.bytes(int(rng.integers(1, 20)))
    if kind == 4:
        cut = int(rng.integers(len(data)))
        data = data[:cut] + (others[int(rng.integers(len(others)))][1][cut:] if rng.random() < 0.5 else b"")
    return bytes(data)


def main() -> None:
    """Run the fuzzing."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    whole = originals(rng)
    with tempfile.TemporaryDirectory() as name:
        for number in range(options.files):
            suffix, content = whole[number % len(whole)]
            Path(name, f"{number:05d}.{suffix}").write_bytes(damaged(content, whole, rng))
        start = time.perf_counter()
        command = [sys.executable, "-m", "mnistkit", "predict", name, "--jsonl"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=3600)
        seconds = time.perf_counter() - start
    report(options.files, result, seconds)


def report(files: int, result: subprocess.CompletedProcess[str], seconds: float) -> None:
    """Print what became of the files."""
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * RSS_UNIT / 1e6
    answered = [json.loads(line) for line in result.stdout.splitlines()]
    outcomes = Counter(entry["verdict"] for entry in answered)
    tracebacks = result.stderr.count("Traceback")
    print(f"{files:,} damaged files in {seconds:.0f} s, peak memory {peak:.0f} MB, exit code {result.returncode}")
    print(", ".join(f"{outcome}: {count:,}" for outcome, count in outcomes.most_common()))
    print(f"lines on standard error: {len(result.stderr.splitlines()):,}; tracebacks: {tracebacks}")
    if tracebacks or len(answered) != files:
        sys.exit(f"{files - len(answered)} files without an outcome, {tracebacks} tracebacks")


if __name__ == "__main__":
    main()
