"""A server that is asked by all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mnistkit.serving.limits import ServingLimits
from mnistkit.workflows.serve import ServeConfig, open_service
from tests.support.service import Client, running

LIMITS = ServingLimits(bytes=200_000, requests=40, seconds=20, idle_seconds=0.7)


@pytest.fixture(scope="package")
def client() -> Iterator[Client]:
    """The bundled model behind HTTP, with short limits."""
    service = open_service(ServeConfig(port=0, limits=LIMITS, backend="numpy", names=("digits.test",)))
    with running(service) as client:
        yield client
