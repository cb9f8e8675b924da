"""``mnistkit env``: what a bug report needs."""

from __future__ import annotations

from mnistkit.cli.help import examples
from mnistkit.cli.options import Device, Json, Precision


@examples(
    ("mnistkit env", "for a bug report"),
    ("mnistkit env --device cuda", "what a GPU is and computes in"),
    ("mnistkit env --json > machine.json", "for a program"),
)
def env(device: Device = "auto", precision: Precision = None, as_json: Json = False) -> None:
    """Print versions, devices and settings, for a bug report."""
    from mnistkit.reporting.env import print_environment
    from mnistkit.reporting.outputs import Output
    from mnistkit.workflows.env import describe_environment

    Output(as_json=as_json).show(describe_environment(device, precision or "auto"), print_environment)
