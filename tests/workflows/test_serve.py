"""Opening a server: what it listens on, and that nothing is left where it cannot start."""

from __future__ import annotations

import socket

import pytest

from mnistkit.exceptions import UsageError
from mnistkit.serving.sockets import address_of, is_local, listen
from mnistkit.workflows.serve import ServeConfig, open_service


def test_a_model_that_cannot_be_loaded_leaves_the_port_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    lines: list[str] = []
    with pytest.raises(UsageError, match="the backend numpy computes in fp32 on the CPU"):
        open_service(ServeConfig(port=port, backend="numpy", device="cuda"), lines.append)
    assert lines == ["checkpoint: pictures, which ships with mnistkit"]
    listen("127.0.0.1", port).close()


@pytest.mark.parametrize(("host", "only_here"), [("127.0.0.1", True), ("localhost", True), ("0.0.0.0", False)])
def test_who_can_reach_it(host: str, only_here: bool) -> None:
    with listen(host, 0) as listener:
        assert is_local(listener) == only_here
        assert address_of(listener).startswith("http://") and address_of(listener).endswith("/")
