"""Ask ``mnistkit serve`` for much at the same time, then send it thousands of damaged pictures.

    python tests/benchmarks/serve.py [--photos N] [--clients N] [--damaged N] [--seed S]

Photos of a million pixels come in a burst, from as many clients as are said, each of which sends its next one as
soon as it has an answer; then damaged files come in the same way, as bytes and in forms by turns. Stated are the
answers by their status, the time they took, and the memory of the server with its processes: the most that each
of them ever took, and what they take while damaged files come. It ends with exit code 1 if a photo got no answer,
or anything a status of 500 or more. Memory is read as Linux tells it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from mnistkit.data import load_dataset
from tests.benchmarks.fuzz import damaged, originals
from tests.support.picture_generator import STYLES, digit_picture
from tests.support.pictures import encoded
from tests.support.service import BYTES, Client, form

SIZE = (1155, 866)
Request = tuple[bytes, dict[str, str]]


@contextmanager
def server() -> Iterator[tuple[int, Client]]:
    """Start a server; gives its process and who asks it."""
    command = [sys.executable, "-m", "mnistkit", "serve", "--port", "0", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        try:
            yield process.pid, Client(int(address.rstrip("/").rpartition(":")[2]))
        finally:
            process.terminate()


def photos(rng: np.random.Generator, count: int = 12) -> list[Request]:
    """Return photos of different digits."""
    mnist = load_dataset("mnist").split("val")
    found = []
    for number in range(count):
        made = digit_picture(mnist.images[number], int(mnist.labels[number]), STYLES["phone"], rng)
        picture = Image.fromarray(made.pixels).convert("RGB").resize(SIZE, Image.Resampling.BICUBIC)
        found.append((encoded(picture, "JPEG", quality=90), BYTES))
    return found


def damage(rng: np.random.Generator, count: int) -> Iterator[Request]:
    """Yield damaged files: as bytes and in forms by turns, of which some are damaged themselves."""
    whole = originals(rng)
    for number in range(count):
        content = damaged(whole[number % len(whole)][1], whole, rng)
        if number % 3 == 0:
            yield content, BYTES
        elif number % 3 == 1:
            yield form(("digit", content))
        else:
            body, headers = form(("digit", whole[number % len(whole)][1]))
            yield damaged(body, whole, rng), headers


def send_all(
    client: Client, requests: Sequence[Request], clients: int, after: Callable[[int], None] = lambda done: None
) -> tuple[Counter[int | str], list[float]]:
    """Send requests from several clients; returns how many answers of each status came, and seconds of each."""
    statuses: Counter[int | str] = Counter()
    seconds: list[float] = []
    waiting, lock = iter(requests), threading.Lock()

    def work() -> None:
        while True:
            with lock:
                request = next(waiting, None)
            if request is None:
                return
            start = time.perf_counter()
            try:
                status: int | str = client.predict(request[0], headers=request[1]).status
            except OSError as error:
                status = type(error).__name__
            with lock:
                statuses[status] += 1
                seconds.append(time.perf_counter() - start)
                after(len(seconds))

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return statuses, seconds


def memory(process: int, field: str) -> list[int]:
    """Return megabytes of a process and of those it started: now ("VmRSS") or at most ("VmHWM")."""
    found = []
    for each in (process, *_children(process)):
        try:
            lines = Path(f"/proc/{each}/status").read_text().splitlines()
        except OSError:
            continue
        found += [round(int(line.split()[1]) / 1000) for line in lines if line.startswith(field)]
    return found


def _children(process: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{process}/task").iterdir())
        return [int(text) for task in tasks for text in (task / "children").read_text().split()]
    except OSError:
        return []


def stated(statuses: Counter[int | str]) -> str:
    """Return answers by their status, for people."""
    return ", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items(), key=str))


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--damaged", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    some = photos(rng)
    burst = [some[number % len(some)] for number in range(options.photos)]
    bad = list(damage(rng, options.damaged))
    with server() as (process, client):
        client.predict(*some[0][:1])
        start = time.perf_counter()
        answers, seconds = send_all(client, burst, options.clients)
        took = time.perf_counter() - start
        p50, p99 = np.percentile(seconds, [50, 99]) if seconds else (0.0, 0.0)
        print(f"{options.photos} photos of {SIZE[0]}x{SIZE[1]} from {options.clients} clients in {took:.1f} s")
        print(f"answers {stated(answers)}; p50 {p50:.2f} s, p99 {p99:.2f} s")
        print(f"peak memory {memory(process, 'VmHWM')} MB: the server, then what it started")

        def tell(done: int) -> None:
            if done % max(1, options.damaged // 10) == 0:
                print(f"  {done:,} damaged: memory {memory(process, 'VmRSS')} MB", flush=True)

        start = time.perf_counter()
        refusals, _ = send_all(client, bad, options.clients, tell)
        print(f"{options.damaged:,} damaged uploads in {time.perf_counter() - start:.0f} s: {stated(refusals)}")
    failed = sum(
        count for status, count in (answers + refusals).items() if isinstance(status, str) or status >= 500
    )
    if failed or answers[200] != options.photos:
        sys.exit(f"{failed} requests failed, {options.photos - answers[200]} photos got no answer")


if __name__ == "__main__":
    main()
