"""Distillation: teacher, student alone and distilled student side by side."""
