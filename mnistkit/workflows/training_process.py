"""A training in a process of its own, which tells what happens through a pipe."""

from __future__ import annotations

import os
import pickle
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from mnistkit.exceptions import InterruptedRunError, MnistkitError
from mnistkit.threads import choose_threads
from mnistkit.training.events import EpochRecord, RunEnd, RunStart, StepReport, TrainingEvents
from mnistkit.workflows.train import TrainResult, train
from mnistkit.workflows.train_config import TrainConfig

if TYPE_CHECKING:
    from mnistkit.workflows.train_request import ObjectiveChoice

Message: TypeAlias = tuple[str, tuple[Any, ...]]
"""The name of a method of TrainingEvents, and its arguments."""

_RESULT, _ERROR = "result", "error"
_THREADS_OF_LIBRARIES = "OMP_NUM_THREADS"


class TrainingProcess:
    """A training that runs in another process.

    Args:
        config: What to train. Its callables are not called; warnings come as notes.
        threads: Threads that compute on a CPU; None for one a core.
        observer: Is told of the end of the run, within the process.
        objective: As :func:`mnistkit.workflows.train.train` takes it, and picklable.

    Attributes:
        connection: The pipe through which it tells what happens, to wait for.
        result: What the training gave, once it has ended well.
        error: Why it has not; None if the process just died.
        has_begun: Whether it has told that it trains.
    """

    def __init__(
        self,
        config: TrainConfig,
        threads: int | None,
        observer: TrainingEvents | None,
        objective: ObjectiveChoice | None = None,
    ) -> None:
        self.result: TrainResult | None = None
        self.error: BaseException | None = None
        # A forked process would have torch's threads without their stacks.
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        silent = replace(config, load=replace(config.load, progress=_ignore, warn=_ignore))
        arguments = (theirs, silent, threads, observer, objective)
        self._process = context.Process(target=_work, args=arguments, daemon=True)
        self.has_begun = False
        with _library_threads(threads):
            self._process.start()
        theirs.close()

    def receive(self) -> Message | None:
        """Return its next message; None once it has ended, with ``result`` or ``error`` if it left one."""
        try:
            name, arguments = self.connection.recv()
        except (EOFError, OSError):
            self._process.join()
            return None
        if name == _RESULT:
            (self.result,) = arguments
        elif name == _ERROR:
            self.error, text = arguments
            self.error.__cause__ = _Remote(text)
        else:
            self.has_begun |= name == TrainingEvents.run_started.__name__
            return name, arguments
        self._process.join()
        return None

    def stop(self) -> None:
        """Ask it to save everything and to end; at once if it has not begun to train."""
        with suppress(OSError):
            self.connection.send(None)
        if not self.has_begun:
            self._process.terminate()

    @property
    def was_stopped(self) -> bool:
        """Whether it ended because it was asked to, with everything saved that there was to save."""
        is_told = isinstance(self.error, (InterruptedRunError, KeyboardInterrupt))
        return is_told or (self.error is None and not self.has_begun)

    def death(self) -> MnistkitError:
        """Return the error for a process that ended without a word."""
        code = self._process.exitcode or 0
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return MnistkitError(
            f"its process {how}", hint="--resume goes on with it; if memory ran out, fewer --jobs need less"
        )

    def close(self) -> None:
        """Kill it if it still runs."""
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self.connection.close()


class _Remote(Exception):  # noqa: N818 - it is no error, but tells where one happened
    """Shows the traceback of another process before that of the error itself."""

    def __init__(self, text: str) -> None:
        self._text = text
        super().__init__(text)

    def __str__(self) -> str:
        return f"\n{self._text}"


class _Sender(TrainingEvents):
    """Sends all events through a pipe, and knows when to stop."""

    def __init__(self, connection: Connection, observer: TrainingEvents | None) -> None:
        self._connection = connection
        self._observer = observer
        self.is_training = False
        self._is_asked = False

    def send(self, name: str, *arguments: Any) -> None:
        """Send a message; where nobody is there any more to receive it, the training is to stop."""
        try:
            self._connection.send((name, arguments))
        except OSError:
            self._is_asked = True

    def should_stop(self) -> bool:
        """Say whether the training is to stop: it was told so, or who could tell it has gone."""
        if not self._is_asked:
            # Anything that comes is the request to stop; so is the end of the pipe.
            self._is_asked = self._connection.poll()
        return self._is_asked

    def end(self, number: int, frame: FrameType | None) -> None:
        """Stop after this step, or at once if there is nothing to save: the handler of SIGTERM."""
        self._is_asked = True
        if not self.is_training:
            raise KeyboardInterrupt

    def run_started(self, start: RunStart) -> None:
        """Send it."""
        self.is_training = True
        self.send("run_started", start)

    def epoch_started(self, epoch: int) -> None:
        """Send it."""
        self.send("epoch_started", epoch)

    def step_done(self, report: StepReport) -> None:
        """Send it."""
        self.send("step_done", report)

    def epoch_ended(self, record: EpochRecord, is_best: bool) -> None:
        """Send it."""
        self.send("epoch_ended", record, is_best)

    def run_measured(self, end: RunEnd) -> None:
        """Tell the observer, then send it."""
        if self._observer is not None:
            self._observer.run_measured(end)
        self.send("run_measured", end)

    def note(self, message: str) -> None:
        """Send it."""
        self.send("note", message)


def _work(
    connection: Connection,
    config: TrainConfig,
    threads: int | None,
    observer: TrainingEvents | None,
    objective: ObjectiveChoice | None,
) -> NoReturn:
    """Be the process: train, and send what happens."""
    # Ctrl-C reaches every process of a terminal; the one that started this one says what is to be done.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sender = _Sender(connection, observer)
    signal.signal(signal.SIGTERM, sender.end)
    choose_threads(threads)
    try:
        config = replace(config, load=replace(config.load, warn=sender.note))
        sender.send(_RESULT, train(config, sender, sender.should_stop, objective))
    except BaseException as error:
        sender.send(_ERROR, _picklable(error), traceback.format_exc())
    connection.close()
    # Everything is written; taking an interpreter with torch down takes longer than starting one.
    os._exit(0)


def _picklable(error: BaseException) -> BaseException:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


@contextmanager
def _library_threads(count: int | None) -> Iterator[None]:
    """Let processes that are started inside of it use so many threads within an operation, too."""
    before = os.environ.get(_THREADS_OF_LIBRARIES)
    if count is not None:
        os.environ[_THREADS_OF_LIBRARIES] = str(count)
    try:
        yield
    finally:
        os.environ.pop(_THREADS_OF_LIBRARIES, None)
        if before is not None:
            os.environ[_THREADS_OF_LIBRARIES] = before


def _ignore(*_: object) -> None:
    """Be told something and do nothing."""
