"""Training: progress, result, curves."""
