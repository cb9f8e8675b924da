"""Every CPU form against its plain layer: the same parameters, outputs and gradients."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from mnistkit.models import build_model, model_names
from mnistkit.models.convnext import GlobalResponseNorm, Stem
from mnistkit.models.cpu_forms import all_forms, cpu_form, use_cpu_forms, use_plain_forms
from mnistkit.models.layers import Layers, convolution
from mnistkit.models.resnet import ResNet

FORMS = all_forms()
# For each plain layer that has a form: how to build it, and shapes of its input.
SAMPLES: dict[type[nn.Module], tuple[Callable[[], nn.Module], list[tuple[int, ...]]]] = {
    Stem: (lambda: Stem(4, 6), [(3, 1, 28, 28), (1, 1, 6, 10), (2, 1, 7, 10), (2, 1, 8, 5)]),
    GlobalResponseNorm: (lambda: GlobalResponseNorm(6), [(3, 7, 7, 6), (1, 2, 3, 6), (2, 1, 1, 6)]),
    Layers: (
        lambda: Layers(convolution(1, 5), nn.MaxPool2d(2), convolution(5, 3)),
        [(3, 1, 28, 28), (1, 1, 9, 8)],
    ),
    ResNet: (lambda: ResNet(10).eval(), [(3, 1, 28, 28)]),
}
OF_CONVNEXT = {FORMS[Stem], FORMS[GlobalResponseNorm]}
CASES = [
    pytest.param(build, shape, id=f"{FORMS[plain].__name__}-{'x'.join(map(str, shape))}")
    for plain, (build, shapes) in SAMPLES.items()
    for shape in shapes
]


def with_random_parameters(layer: nn.Module) -> nn.Module:
    """Fill ``layer``: a scale or shift that is still 0 or 1 would hide what it is multiplied with or added to."""
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_()
    return layer


def plain_and_form(build: Callable[[], nn.Module]) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    plain = with_random_parameters(build())
    form = use_cpu_forms(copy.deepcopy(plain))
    assert type(form) is FORMS[type(plain)]
    return plain, form


def output_and_gradients(layer: nn.Module, x: Tensor) -> list[Tensor]:
    """Return the output, the gradient of ``x`` and those of the parameters, of a fixed random function of it."""
    x = x.clone().requires_grad_()
    torch.manual_seed(2)
    output = layer(x)
    upstream = torch.randn(output.shape, dtype=output.dtype, generator=torch.Generator().manual_seed(3))
    return [output, *torch.autograd.grad(output, [x, *layer.parameters()], upstream)]


def test_every_form_is_compared_here() -> None:
    assert set(SAMPLES) == set(FORMS)


@pytest.mark.parametrize("plain", FORMS, ids=lambda plain: FORMS[plain].__name__)
def test_a_form_overrides_forward_and_nothing_else(plain: type[nn.Module]) -> None:
    form = FORMS[plain]
    assert form.__bases__ == (plain,)
    assert [name for name in vars(form) if not name.startswith("__")] == ["forward"]
    assert "__init__" not in vars(form)
    assert form.__doc__ != plain.__doc__


@pytest.mark.parametrize(("build", "shape"), CASES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
def test_a_form_has_the_outputs_and_gradients_of_its_plain_layer(
    build: Callable[[], nn.Module], shape: tuple[int, ...], dtype: torch.dtype, tolerance: float
) -> None:
    plain, form = (layer.to(dtype) for layer in plain_and_form(build))
    x = torch.randn(shape, dtype=dtype)
    for a, b in zip(output_and_gradients(form, x), output_and_gradients(plain, x), strict=True):
        assert a.abs().sum() > 0
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance * float(b.detach().abs().max()))


@pytest.mark.parametrize(("build", "shape"), CASES)
def test_a_form_is_as_close_in_bfloat16(build: Callable[[], nn.Module], shape: tuple[int, ...]) -> None:
    plain, form = plain_and_form(build)
    x = torch.randn(shape)
    exact = output_and_gradients(plain, x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        halves, plain_halves = output_and_gradients(form, x), output_and_gradients(plain, x)
    for a, b, c in zip(halves, plain_halves, exact, strict=True):
        assert a.dtype == b.dtype
        assert (a - c).norm() <= 2 * (b - c).norm() + 0.01 * c.norm()


@pytest.mark.parametrize(("build", "shape"), CASES)
def test_a_blank_input_has_finite_gradients(build: Callable[[], nn.Module], shape: tuple[int, ...]) -> None:
    for layer in plain_and_form(build):
        assert all(part.isfinite().all() for part in output_and_gradients(layer, torch.zeros(shape)))


class Operations(TorchDispatchMode):
    """Collects the names of the operations that torch is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(str(func))
        return func(*args, **(kwargs or {}))


def operations(layer: nn.Module, x: Tensor) -> list[str]:
    with Operations() as asked_for, torch.no_grad():
        layer(x)
    return asked_for.names


@pytest.mark.parametrize("plain", SAMPLES, ids=lambda plain: FORMS[plain].__name__)
def test_on_another_device_a_form_computes_as_the_plain_layer_does(plain: type[nn.Module]) -> None:
    build, shapes = SAMPLES[plain]
    layer, form = plain_and_form(build)
    x = torch.zeros(shapes[0])
    assert operations(form, x) != operations(layer, x)
    layer, form, x = layer.to("meta"), form.to("meta"), x.to("meta")
    assert operations(form, x) == operations(layer, x)


@pytest.mark.parametrize("name", model_names())
def test_a_model_and_its_plain_form_are_the_same_function(name: str) -> None:
    def build(*, plain: bool) -> nn.Module:
        torch.manual_seed(0)
        # What drops out is another place where memory has another order; so is the noise of a gradient that is 0.
        return build_model(name, 10, plain=plain).eval()

    plain, quick = build(plain=True), build(plain=False)
    weights, quick_weights = plain.state_dict(), quick.state_dict()
    assert list(weights) == list(quick_weights)
    assert all(torch.equal(weights[key], quick_weights[key]) for key in weights)
    quick.load_state_dict(with_random_offsets(plain).state_dict())
    images = torch.randn(2, 1, 28, 28, dtype=torch.float64)
    ours, theirs = (output_and_gradients(model.double(), images) for model in (quick, plain))
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-8 * float(b.detach().abs().max()))


def with_random_offsets(model: nn.Module) -> nn.Module:
    """Move all parameters a little, away from the special values that some begin with."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return model


def kinds(model: nn.Module) -> set[type[nn.Module]]:
    return {type(module) for module in model.modules()}


def test_a_model_is_built_with_the_forms_of_its_layers_unless_plain() -> None:
    assert kinds(build_model("convnext", 10)) >= OF_CONVNEXT
    assert not kinds(build_model("convnext", 10, plain=True)) & set(FORMS.values())


def test_changing_the_form_keeps_modules_parameters_and_mode() -> None:
    model = build_model("convnext", 10).eval()
    modules, parameters = list(model.modules()), list(model.parameters())
    assert use_plain_forms(model) is model
    assert not kinds(model) & set(FORMS.values())
    assert use_cpu_forms(model) is model
    assert kinds(model) >= OF_CONVNEXT
    assert all(a is b for a, b in zip(modules, model.modules(), strict=True))
    assert all(a is b for a, b in zip(parameters, model.parameters(), strict=True))
    assert not any(module.training for module in model.modules())


def test_a_copy_of_a_model_has_its_forms() -> None:
    model = build_model("convnext", 10)
    assert kinds(copy.deepcopy(model)) == kinds(model)


def test_a_layer_has_one_form() -> None:
    with pytest.raises(ValueError, match="Stem has two CPU forms"):

        @cpu_form
        class Second(Stem):
            """Another form of a layer that has one."""
