"""The architectures: one family per file, found by itself, built by name.

A new architecture is one file here that holds its ``nn.Module`` and a function decorated with
:func:`register_model`; the function's name (underscores written as hyphens) is the public name.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.recipe import DEFAULT_RECIPE, Recipe
from mnistkit.registry import Registry, unknown_name

if TYPE_CHECKING:
    from torch import nn

_HINT = "mnistkit models lists all"


@dataclass(frozen=True)
class Architecture:
    """One entry of the model registry.

    Attributes:
        name: The public name.
        description: One line for ``mnistkit models``.
        recipes: Ways to train it, by name; first the one that counts unless the user says otherwise.
        build: Called with ``num_classes``; returns a module that maps a normalised float tensor of shape
            (batch, 1, 28, 28) to logits of shape (batch, num_classes).
    """

    name: str
    description: str
    recipes: Mapping[str, Recipe]
    build: Callable[..., nn.Module]

    @property
    def recipe(self) -> Recipe:
        """How it is trained unless the user says otherwise."""
        return self.recipes[DEFAULT_RECIPE]

    def named_recipe(self, name: str) -> Recipe:
        """Return the recipe called ``name``.

        Raises:
            UnknownNameError: it has none of that name; the message holds the closest match.
        """
        if name not in self.recipes:
            raise unknown_name(
                f"recipe of {self.name}", name, self.recipes, hint=f"mnistkit models show {self.name} shows them"
            )
        return self.recipes[name]


_registry: Registry[Architecture] = Registry("architecture", hint=_HINT)


def register_model(
    description: str,
    recipe: Recipe,
    *,
    recipes: Mapping[str, Recipe] | None = None,
) -> Callable[[Callable[..., nn.Module]], Callable[..., nn.Module]]:
    """Register the decorated function as the builder of an architecture; see :class:`Architecture`.

    A model that drops out does so by torch's modules (``nn.Dropout`` and its kin): these draw from generators of
    their own when threads share a batch. One that draws numbers in another way is trained by a single thread.

    Args:
        description: One line for ``mnistkit models``.
        recipe: How it is trained unless the user says otherwise.
        recipes: Other ways to train it, by name; "authors" is what those who published the network used.
    """

    def decorate(build: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
        name = _public_name(build.__name__)
        # Read as a file would be: checked, and a number written 10 is the same as 10.0 ever after.
        checked = {
            called: Recipe.from_dict(each.to_dict(), f"{name}, {called}")
            for called, each in {DEFAULT_RECIPE: recipe, **(recipes or {})}.items()
        }
        _registry.register(name, Architecture(name, description, checked, build))
        return build

    return decorate


@cache
def model_names() -> tuple[str, ...]:
    """Return every architecture's name in alphabetical order, without importing torch.

    The names are read from the source of this folder's files: shell completion and the check of a name on
    the command line must not wait for torch.
    """
    return tuple(sorted(_files_by_name()))


def check_model_name(name: str) -> str:
    """Return ``name`` if it is an architecture's, again without importing torch.

    Raises:
        UnknownNameError: no such architecture; the message holds the closest match.
    """
    if name not in model_names():
        raise unknown_name("architecture", name, model_names(), hint=_HINT)
    return name


def get_architecture(name: str) -> Architecture:
    """Return the registry entry called ``name``, importing only the file that defines it.

    Raises:
        UnknownNameError: no such architecture; the message holds the closest match.
    """
    if name not in _registry:
        importlib.import_module(f"{__name__}.{_files_by_name()[check_model_name(name)]}")
    return _registry.get(name)


def build_model(name: str, num_classes: int, *, plain: bool = False) -> nn.Module:
    """Return a freshly initialised model of the architecture ``name`` for ``num_classes`` classes.

    Args:
        name: The architecture's.
        num_classes: Columns of the logits.
        plain: Build every layer as its file shows it; else layers that have a quicker form for CPUs
            (:mod:`mnistkit.models.cpu_forms`) take that. Both have the same parameters, and compute the same.

    Raises:
        UnknownNameError: no such architecture; the message holds the closest match.
    """
    from mnistkit.models.cpu_forms import use_cpu_forms

    model = get_architecture(name).build(num_classes=num_classes)
    return model if plain else use_cpu_forms(model)


@cache
def _files_by_name() -> dict[str, str]:
    return {
        name: file.stem
        for file in sorted(Path(__file__).parent.glob("[!_]*.py"))
        for name in _registered_names(file)
    }


def _registered_names(file: Path) -> list[str]:
    return [
        _public_name(node.name)
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith(register_model.__name__)
    ]


def _public_name(function_name: str) -> str:
    return function_name.replace("_", "-")
