"""The architectures that others published: their size, their layers, and their authors' recipes."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from mnistkit.exceptions import UnknownNameError
from mnistkit.models import build_model, get_architecture, model_names
from mnistkit.recipe import DEFAULT_RECIPE
from mnistkit.zoo import recipe_digest

PARAMETERS = {
    "basic": 1_199_882,
    "convnext": 486_602,
    "convnext-large": 1_817_514,
    "compact-190k": 190_442,
    "compact-18k": 18_258,
    "compact-6k": 6_270,
    "compact-7k": 7_074,
    "lenet5": 61_706,
    "lenet5-modified": 274_746,
    "linear": 7_850,
    "mlp": 1_276_810,
    "micro-700": 664,
    "micro-2k": 1_910,
    "micro-5k": 4_818,
    "micro-8k": 7_890,
    "micro-20k": 18_554,
    "mixer": 174_246,
    "resnet": 307_690,
    "vgg": 3_357_418,
    "vit": 254_922,
}
# Channels, height and width where each block of layers ends.
SHAPES = {
    "compact-190k": [(32, 26), (64, 24), (128, 22), (32, 22), (64, 20), (64, 10), (128, 8), (10, 8)],
    "compact-18k": [(128, 28), (8, 28), (16, 28), (16, 14), (16, 12), (32, 10), (32, 5), (16, 5), (16, 3)],
    "compact-6k": [(128, 28), (4, 28), (8, 28), (8, 14), (8, 12), (16, 10), (16, 5), (8, 5), (8, 3), (16, 1)],
    "compact-7k": [(128, 26), (8, 26), (8, 24), (8, 12), (8, 10), (16, 8), (8, 8), (8, 6), (16, 4), (16, 1)],
    "vgg": [(32, 14), (64, 7), (128, 7)],
}


@pytest.mark.parametrize(("name", "count"), PARAMETERS.items())
def test_the_trainable_numbers_are_as_many_as_published(name: str, count: int) -> None:
    assert sum(p.numel() for p in build_model(name, 10).parameters() if p.requires_grad) == count


@pytest.mark.parametrize("name", [name for name in model_names() if name.startswith("micro-")])
def test_a_micro_network_has_at_most_the_parameters_of_its_name(name: str) -> None:
    most = int(name.removeprefix("micro-").replace("k", "000"))
    assert 0.85 * most < sum(p.numel() for p in build_model(name, 10).parameters()) <= most


@pytest.mark.parametrize(("name", "shapes"), SHAPES.items())
def test_the_maps_are_as_large_as_the_description_says(name: str, shapes: list[tuple[int, int]]) -> None:
    x, found = torch.zeros(2, 1, 28, 28), []
    for layer in build_model(name, 10).eval():
        x = layer(x)
        found.append(tuple(x.shape[1:]))
    assert found[: len(shapes)] == [(channels, side, side) for channels, side in shapes]


@pytest.mark.parametrize("name", ["compact-6k", "compact-7k", "vgg"])
def test_normalisation_follows_each_3x3_convolution(name: str) -> None:
    modules = list(build_model(name, 10).modules())
    for module, following in pairwise(modules):
        if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3):
            assert isinstance(following, nn.BatchNorm2d)


@pytest.mark.parametrize("name", model_names())
def test_recipes_have_a_default_and_differ(name: str) -> None:
    recipes = get_architecture(name).recipes
    assert next(iter(recipes)) == DEFAULT_RECIPE and get_architecture(name).recipe is recipes[DEFAULT_RECIPE]
    assert len({recipe_digest(recipe) for recipe in recipes.values()}) == len(recipes)


def test_the_authors_of_compact_7k_are_followed() -> None:
    recipe = get_architecture("compact-7k").named_recipe("authors")
    assert (recipe.optimizer, recipe.learning_rate, recipe.momentum, recipe.nesterov) == ("sgd", 0.018, 0.9, False)
    assert (recipe.schedule, recipe.decay_factor, recipe.decay_epochs) == ("step", 0.12, 6)
    assert (recipe.batch_size, recipe.epochs) == (64, 15)
    changes = recipe.augmentation
    assert (changes.rotation, changes.crop_size, changes.crop_share) == (15, 22, 0.1)


def test_a_recipe_that_there_is_not_is_named_with_the_closest() -> None:
    with pytest.raises(UnknownNameError, match="unknown recipe of vgg 'author'; did you mean 'authors'") as caught:
        get_architecture("vgg").named_recipe("author")
    assert caught.value.hint == "mnistkit models show vgg shows them"
