"""Recognised pictures: terminal, figure, machine-readable output."""
