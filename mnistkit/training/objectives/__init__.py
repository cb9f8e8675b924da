"""What training minimises: one objective per file, chosen by the recipe.

A new objective is one file here with a subclass of :class:`Objective`; its settings are keys or a table of
:class:`mnistkit.recipe.Recipe`. If the recipe is to choose it, :func:`choose_objective` gets a line; if a command
brings along what it needs, such as a teacher, the command hands it to :func:`mnistkit.workflows.train.train`.
"""

from __future__ import annotations

from mnistkit.recipe import Recipe
from mnistkit.training.objectives.base import Objective
from mnistkit.training.objectives.cross_entropy import CrossEntropy
from mnistkit.training.objectives.distillation import Distillation
from mnistkit.training.objectives.outlier_exposure import OutlierExposure

__all__ = ["CrossEntropy", "Distillation", "Objective", "OutlierExposure", "choose_objective"]


def choose_objective(recipe: Recipe) -> Objective:
    """Return the objective that ``recipe`` asks for."""
    return OutlierExposure(recipe) if recipe.outliers else CrossEntropy(recipe)
