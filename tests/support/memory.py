"""The unit in which the operating system counts memory."""

from __future__ import annotations

import sys

RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in one unit of the maximum resident set size."""
