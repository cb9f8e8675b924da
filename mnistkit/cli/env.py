"""``mnistkit env``: what a bug report needs."""

from __future__ import annotations


def env() -> None:
    """Print versions, devices and settings for a bug report."""
