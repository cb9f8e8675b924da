"""What holds for every registered dataset."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import mnistkit
from mnistkit.data import check_dataset, dataset_names, get_dataset_info, load_dataset
from mnistkit.data.base import LoadOptions
from mnistkit.exceptions import UnknownNameError
from mnistkit.preparation import INK, Preparation


@pytest.mark.parametrize("name", dataset_names())
def test_every_entry_is_complete(name: str) -> None:
    info = get_dataset_info(name)
    assert info.name == name
    assert len(set(info.classes)) == len(info.classes) >= 10
    assert info.train_size > info.test_size > 0 and info.title and info.licence and info.citation
    assert (info.download_size == 0) == (info.status() == "shipped")


def test_names_need_nothing_heavy() -> None:
    code = (
        "import sys; from mnistkit.data import dataset_names, get_dataset_info\n"
        "[get_dataset_info(name).status() for name in dataset_names()]\n"
        "print([name for name in ('numpy', 'torch', 'torchvision', 'PIL') if name in sys.modules])"
    )
    root = Path(mnistkit.__file__).parents[1]
    assert subprocess.check_output([sys.executable, "-c", code], cwd=root, text=True) == "[]\n"


def test_an_unknown_name_gets_the_closest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'fashion-mnist'"):
        check_dataset("fashion-mnits")


def test_only_what_is_no_handwriting_in_mnists_form_is_not_prepared_as_ink() -> None:
    kinds = {name: get_dataset_info(name).preparation for name in dataset_names()}
    assert {name: each.kind for name, each in kinds.items() if each != INK} == {
        "fashion-mnist": "whole",
        "kmnist": "tile",
    }


def test_a_loaded_dataset_says_how_pictures_are_prepared_unless_another_way_is_asked_for() -> None:
    assert load_dataset("mnist").preparation == INK
    assert load_dataset("mnist", LoadOptions(preparation="whole")).preparation == Preparation("whole")
