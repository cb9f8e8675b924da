"""Measuring a model: predictions, metrics, confidence intervals and paired tests."""
