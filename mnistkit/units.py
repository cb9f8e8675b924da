"""What is counted where the progress of long work is told: (done, total, unit)."""

from __future__ import annotations

BYTES, PICTURES, STEPS = "bytes", "pictures", "steps"
