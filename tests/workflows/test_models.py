"""The figures behind ``mnistkit models``."""

from __future__ import annotations

import pytest

from mnistkit.exceptions import UnknownNameError
from mnistkit.models import get_architecture, model_names
from mnistkit.recipe import flatten, recipe_keys
from mnistkit.workflows.models import list_models, show_model


def test_list_and_details_agree() -> None:
    entries = list_models().models
    assert [entry.name for entry in entries] == list(model_names())
    for entry in entries:
        details = show_model(entry.name)
        assert (entry.parameters, entry.macs) == (details.summary.parameters, details.summary.macs)
        assert entry.description == details.description == get_architecture(entry.name).description
        assert entry.epochs == get_architecture(entry.name).recipe.epochs


@pytest.mark.parametrize("name", model_names())
def test_the_recipe_is_complete_and_in_the_order_of_the_keys(name: str) -> None:
    settings = show_model(name).recipe
    assert [setting.key for setting in settings] == list(recipe_keys())
    assert {s.key: s.value for s in settings} == flatten(get_architecture(name).recipe.to_dict())


def test_an_unknown_name() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'lenet5'"):
        show_model("lenet4")
