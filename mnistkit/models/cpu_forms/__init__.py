"""Quicker forms of layers for CPUs, beside the plain ones of the architectures.

A form is a subclass of a plain layer that overrides ``forward`` and nothing else: the same parameters under the
same names, the same function and gradients up to rounding, computed in another way. The forms of the layers in
``models/X.py`` stand in ``models/cpu_forms/X.py``, each with what it gains. One that gains less than 5 % of a
training step does not pay for being read; ``tests/benchmarks/cpu_forms.py`` measures that, and
``tests/models/test_cpu_forms.py`` compares every form with its plain layer.

:func:`mnistkit.models.build_model` gives a model its forms. Wherever the model is moved later: on any device but a
CPU a form computes as the plain layer does.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from torch import Tensor, nn

Model = TypeVar("Model", bound=nn.Module)

_forms: dict[type[nn.Module], type[nn.Module]] = {}


def cpu_form(form: type[Model]) -> type[Model]:
    """Register the decorated class as the CPU form of the layer that it is derived from.

    Its ``forward`` takes and returns one tensor, and is called on a CPU only.

    Raises:
        ValueError: the layer has a form already.
    """
    plain: type[nn.Module] = form.__bases__[0]
    if plain in _forms:
        raise ValueError(f"{plain.__name__} has two CPU forms")
    _forms[plain] = form
    form.forward = _on_a_cpu(form.forward, otherwise=plain.forward)
    return form


def use_cpu_forms(model: Model) -> Model:
    """Give every layer of ``model`` that has a CPU form this form, in place, and return ``model``."""
    for module in model.modules():
        _import_forms(type(module).__module__)
        module.__class__ = _forms.get(type(module), type(module))
    return model


def use_plain_forms(model: Model) -> Model:
    """Undo :func:`use_cpu_forms`, in place, and return ``model``: for an export, say, or to count operations."""
    plain_forms = {form: plain for plain, form in _forms.items()}
    for module in model.modules():
        module.__class__ = plain_forms.get(type(module), type(module))
    return model


def all_forms() -> Mapping[type[nn.Module], type[nn.Module]]:
    """Return the CPU form of every plain layer that has one."""
    for file in _files():
        importlib.import_module(f"{__name__}.{file}")
    return dict(_forms)


def _on_a_cpu(compute: Callable[..., Tensor], otherwise: Callable[..., Tensor]) -> Callable[..., Tensor]:
    @functools.wraps(compute)
    def forward(self: nn.Module, x: Tensor) -> Tensor:
        return compute(self, x) if x.is_cpu else otherwise(self, x)

    return forward


@functools.cache
def _import_forms(layers: str) -> None:
    """Import the forms of the layers that are defined in the module called ``layers``, if there are any."""
    package, _, file = layers.rpartition(".")
    if package == __name__.rpartition(".")[0] and file in _files():
        importlib.import_module(f"{__name__}.{file}")


@functools.cache
def _files() -> tuple[str, ...]:
    return tuple(sorted(file.stem for file in Path(__file__).parent.glob("[!_]*.py")))
