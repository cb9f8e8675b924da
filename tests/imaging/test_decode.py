"""Silence for Pillow's remarks: shared by all who ask for it, and over when the last is done."""

from __future__ import annotations

import warnings

import pytest

from mnistkit.imaging.decode import without_remarks


def test_silence_lasts_until_the_last_is_done_whatever_the_order() -> None:
    before = list(warnings.filters)
    first, second = without_remarks(), without_remarks()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    with warnings.catch_warnings(record=True) as heard:
        warnings.warn("odd metadata", UserWarning, stacklevel=1)
    assert heard == []
    second.__exit__(None, None, None)
    assert list(warnings.filters) == before
    with pytest.warns(UserWarning, match="odd metadata"):
        warnings.warn("odd metadata", UserWarning, stacklevel=1)


def test_an_error_ends_the_silence_too() -> None:
    before = list(warnings.filters)
    with pytest.raises(KeyError), without_remarks():
        raise KeyError
    assert list(warnings.filters) == before
