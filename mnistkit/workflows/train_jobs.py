"""What ``mnistkit train --jobs`` does: several trainings side by side, each in a process of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, ClassVar

from mnistkit.exceptions import InterruptedRunError, MnistkitError, SomeInputsFailedError, UsageError
from mnistkit.numbers import counted
from mnistkit.training.events import TrainingEvents
from mnistkit.workflows.train import SeedsResult, TrainResult, seed_configs, stored_result
from mnistkit.workflows.train_config import TrainConfig
from mnistkit.workflows.train_request import TrainRequest
from mnistkit.workflows.training_process import TrainingProcess

if TYPE_CHECKING:
    from mnistkit.workflows.train_request import ObjectiveChoice

# How often the user's wish to stop is looked for while no training says anything.
_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Job:
    """One of several trainings.

    Attributes:
        name: What it is called in messages, such as "lenet5 seed 1".
        config: What it trains.
        objective: Makes what is minimised from the resolved recipe; None for what the recipe itself chooses. It
            goes to another process, and so must be picklable.
    """

    name: str
    config: TrainConfig
    objective: ObjectiveChoice | None = None


@dataclass(frozen=True)
class FailedJob:
    """A training that came to no result, and why."""

    job: Job
    error: MnistkitError


@dataclass(frozen=True)
class JobsResult:
    """What several trainings gave, in the order in which they were asked for.

    Attributes:
        runs: The finished ones.
        failed: The others.
    """

    schema: ClassVar = "mnistkit/train-jobs/1"

    runs: tuple[TrainResult, ...]
    failed: tuple[FailedJob, ...]

    @property
    def groups(self) -> Mapping[str, SeedsResult]:
        """The seeds of each architecture of which none has failed: a mean over some of them would be a choice."""
        incomplete = {failed.job.config.architecture for failed in self.failed}
        names = dict.fromkeys(str(run.metrics["architecture"]) for run in self.runs)
        return {
            name: SeedsResult.of([run for run in self.runs if run.metrics["architecture"] == name])
            for name in names
            if name not in incomplete
        }

    def raise_failures(self) -> None:
        """Raise if a training has failed.

        Raises:
            SomeInputsFailedError: some have, and some have not.
            MnistkitError: all have.
        """
        if not self.failed:
            return
        total = len(self.runs) + len(self.failed)
        names = ", ".join(failed.job.name for failed in self.failed)
        kind = SomeInputsFailedError if self.runs else MnistkitError
        raise kind(f"{len(self.failed)} of {counted(total, 'training')} failed: {names}")

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "runs": [run.to_json() for run in self.runs],
            "summaries": {name: group.summary for name, group in self.groups.items()},
            "failed": [
                {"name": failed.job.name, "error": failed.error.message, "hint": failed.error.hint}
                for failed in self.failed
            ],
        }


class JobsEvents:
    """Receives what several trainings tell; this base ignores it all. Methods must not raise."""

    def begun(self, jobs: Sequence[Job], side_by_side: int) -> None:
        """The trainings are about to begin, so many at a time."""

    def of(self, job: Job) -> TrainingEvents:
        """Return what is told the events of one training; called once for each, before it begins."""
        return TrainingEvents()

    def ended(self, job: Job, result: TrainResult) -> None:
        """A training is finished, or was so before."""

    def failed(self, job: Job, error: MnistkitError) -> None:
        """A training has failed; the others go on."""


def _explained(error: BaseException) -> MnistkitError:
    return error if isinstance(error, MnistkitError) else MnistkitError(f"{type(error).__name__}: {error}")


@dataclass(frozen=True)
class JobOptions:
    """How trainings are run side by side.

    Attributes:
        side_by_side: How many at a time.
        threads: Threads of each that compute on a CPU; None for as many as a training alone would have.
        observer: Is told of the end of each run in the run's own process, as the place to add files to its folder;
            it must be picklable.
        explain: Turns any exception into one with a message.
    """

    side_by_side: int = 1
    threads: int | None = 1
    observer: TrainingEvents | None = None
    explain: Callable[[BaseException], MnistkitError] = _explained


def plan_jobs(configs: Sequence[TrainConfig], seeds: int, objective: ObjectiveChoice | None = None) -> list[Job]:
    """Return the trainings of some architectures, each with the seeds seed, seed + 1, ...

    With an ``out`` the runs of several architectures lie in its subfolders, named after them.

    Args:
        configs: What to train, for each architecture.
        seeds: How many seeds.
        objective: That of all of them, see :class:`Job`.

    Raises:
        UsageError: ``seeds`` is less than one; an architecture comes twice; a name or recipe key is unknown.
    """
    jobs = []
    names = [config.architecture for config in configs]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UsageError(f"--arch names {twice[0]} twice")
    for config in configs:
        out = config.out / config.architecture if config.out and len(configs) > 1 else config.out
        each = replace(config, out=out)
        for seed, seeded in seed_configs(each, seeds) if seeds != 1 else [(None, each)]:
            name = config.architecture if seed is None else f"{config.architecture} seed {seed}"
            jobs.append(Job(name, seeded, objective))
    return jobs


def train_jobs(
    jobs: Sequence[Job],
    options: JobOptions,
    events: JobsEvents | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> JobsResult:
    """Train side by side; each run ends in the same bytes as if it were trained alone.

    What is wrong with the request as such is found before any training begins. Later an error ends only the
    training that it happened in.

    Args:
        jobs: The trainings, as :func:`plan_jobs` returns them.
        options: How.
        events: Is told what happens.
        should_stop: Asked now and then; True lets every training save everything and end.

    Raises:
        UsageError: as :func:`mnistkit.workflows.train.train` does.
        CheckpointError: the weights to start from cannot be used.
        OutputError: a run folder holds something else than a run.
        InterruptedRunError: ``should_stop`` ended them.
    """
    if options.side_by_side < 1:
        raise UsageError(f"--jobs must be at least 1, not {options.side_by_side}")
    requests = [TrainRequest.resolve(job.config, job.objective) for job in jobs]
    pool = _Pool(jobs, requests, options, events or JobsEvents())
    with pool:
        pool.run(should_stop)
    return pool.result()


@dataclass(frozen=True)
class _Running:
    """A training that runs: what it is, its process, and what is told its events."""

    job: Job
    process: TrainingProcess
    events: TrainingEvents


class _Pool:
    """Trainings that wait, run and have ended. Leaving its block kills what still runs."""

    def __init__(
        self, jobs: Sequence[Job], requests: Sequence[TrainRequest], options: JobOptions, events: JobsEvents
    ) -> None:
        self._jobs, self._options, self._events = jobs, options, events
        self._waiting = deque(zip(jobs, requests, strict=True))
        self._running: dict[Any, _Running] = {}
        self._results: dict[str, TrainResult] = {}
        self._errors: dict[str, MnistkitError] = {}
        self._closing = ExitStack()
        self._is_stopping = False

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def run(self, should_stop: Callable[[], bool]) -> None:
        """Train until nothing waits or runs.

        Raises:
            InterruptedRunError: ``should_stop`` ended the trainings.
        """
        self._events.begun(self._jobs, self._options.side_by_side)
        while self._running or (self._waiting and not self._is_stopping):
            self._fill()
            for connection in wait(list(self._running), _LOOK_SECONDS) if self._running else ():
                self._hear(connection)
            if should_stop() and not self._is_stopping:
                self._is_stopping = True
                for running in self._running.values():
                    running.process.stop()
        if self._is_stopping and len(self._results) + len(self._errors) < len(self._jobs):
            raise InterruptedRunError(
                f"stopped; {len(self._results)} of {counted(len(self._jobs), 'training')} finished, and what the "
                "others have reached is saved",
                hint="go on with the same command and --resume",
            )

    def result(self) -> JobsResult:
        """Return what the trainings gave."""
        return JobsResult(
            tuple(self._results[job.name] for job in self._jobs if job.name in self._results),
            tuple(FailedJob(job, self._errors[job.name]) for job in self._jobs if job.name in self._errors),
        )

    def _fill(self) -> None:
        while self._waiting and len(self._running) < self._options.side_by_side and not self._is_stopping:
            job, request = self._waiting.popleft()
            try:
                # What it notes is told with its end.
                stored = stored_result(request, TrainingEvents())
            except MnistkitError as error:
                self._fail(job, error)
                continue
            if stored is not None:
                self._end(job, stored)
                continue
            options = self._options
            process = TrainingProcess(job.config, options.threads, options.observer, job.objective)
            self._closing.callback(process.close)
            self._running[process.connection] = _Running(job, process, self._events.of(job))

    def _hear(self, connection: Any) -> None:
        """Take a message of a training, or take note that it has ended."""
        running = self._running[connection]
        message = running.process.receive()
        if message is not None:
            name, arguments = message
            getattr(running.events, name)(*arguments)
            return
        del self._running[connection]
        if running.process.result is not None:
            self._end(running.job, running.process.result)
        elif not (self._is_stopping and running.process.was_stopped):
            self._fail(running.job, self._options.explain(running.process.error or running.process.death()))

    def _end(self, job: Job, result: TrainResult) -> None:
        self._results[job.name] = result
        self._events.ended(job, result)

    def _fail(self, job: Job, error: MnistkitError) -> None:
        self._errors[job.name] = error
        self._events.failed(job, error)
