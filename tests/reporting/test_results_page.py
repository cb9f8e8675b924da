"""Measured rows in Markdown."""

from __future__ import annotations

from mnistkit.reporting.results_page import readme_table, results_page
from tests.reporting.test_models import measured_list

TABLE = """\
| model | parameters | epochs | test accuracy | seeds | 95 % interval | published |
| --- | --- | --- | --- | --- | --- | --- |
| `net` | 1,246 | 3 | 99.61 ± 0.04 % | 10 | 99.55 % to 99.69 % | 99.46 % |
| `net (authors)` | 1,246 | 15 | 99.61 ± 0.04 % | 10 | 99.55 % to 99.69 % | |
| `net (long)` | 1,246 | 30 | not measured | | | |
| `net from large` | 1,246 | 10 | 99.61 ± 0.04 % | 10 | 99.55 % to 99.69 % | |
| nearest neighbours (deskewed) | | | 99.61 ± 0.04 % | 10 | 99.55 % to 99.69 % | |
"""


def test_the_table_has_a_row_for_each_recipe_and_says_what_is_missing() -> None:
    assert readme_table(measured_list()) == TABLE


def test_the_page_has_each_row_with_the_command_that_measures_it_again() -> None:
    result = measured_list()
    page = results_page(result)
    assert page.count("`mnistkit train --arch ") == 4
    for each in ("**net (authors)**: 36, 38, 37 errors, weights of the best validation loss", "torch 2.15.0"):
        assert each in page
    assert "| theirs | `net` | the same | | 99.46 % | |" in page
    assert "| 697 parameters | | a tiny net | 697 | 99.03 % | the best of many runs |" in page
