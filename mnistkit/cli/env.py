"""``mnistkit env``: what a bug report needs."""

from __future__ import annotations

from mnistkit.cli.options import Device, Json, Precision


def env(device: Device = "auto", precision: Precision = None, json: Json = False) -> None:
    """Print versions, devices and settings, for a bug report."""
    from mnistkit.reporting.env import print_environment
    from mnistkit.reporting.outputs import Output
    from mnistkit.workflows.env import describe_environment

    Output(as_json=json).show(describe_environment(device, precision or "auto"), print_environment)
