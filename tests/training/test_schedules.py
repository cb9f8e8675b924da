from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistkit.recipe import SCHEDULES, Recipe
from mnistkit.training.schedules import learning_rate, plateau_count, should_stop_early

STEPS = 10


def rates(recipe: Recipe, losses: list[float] | None = None) -> list[float]:
    known = losses or []
    return [learning_rate(recipe, step, STEPS, known[: step // STEPS]) for step in range(recipe.epochs * STEPS)]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_stays_positive_and_below_its_peak(schedule: str) -> None:
    recipe = Recipe(epochs=6, schedule=schedule, warmup=0.2, learning_rate=0.5)
    values = rates(recipe)
    assert all(0 < value <= 0.5 for value in values)
    assert max(values) == pytest.approx(0.5)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_rate_rises_during_warm_up(schedule: str) -> None:
    values = rates(Recipe(epochs=5, schedule=schedule, warmup=0.2))[:STEPS]
    assert values == sorted(values)
    assert values[0] < values[-1]


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle"])
def test_cosine_falls_to_the_final_rate(schedule: str) -> None:
    recipe = Recipe(epochs=4, schedule=schedule, warmup=0.25, learning_rate=1.0, final_lr=0.1)
    values = rates(recipe)
    assert values[STEPS:] == sorted(values[STEPS:], reverse=True)
    assert values[-1] == pytest.approx(0.1, abs=0.01)


def test_one_cycle_starts_at_a_twentyfifth() -> None:
    recipe = Recipe(epochs=100, schedule="one-cycle", warmup=0.5, learning_rate=1.0)
    assert rates(recipe)[0] == pytest.approx(1 / 25, rel=0.01)


def test_step_decay_happens_every_few_epochs() -> None:
    recipe = Recipe(epochs=5, schedule="step", decay_epochs=2, decay_factor=0.1, learning_rate=1.0)
    assert [rates(recipe)[epoch * STEPS] for epoch in range(5)] == pytest.approx([1, 1, 0.1, 0.1, 0.01])


def test_plateau_decays_after_its_patience() -> None:
    recipe = Recipe(epochs=5, schedule="plateau", plateau_patience=1, decay_factor=0.5, learning_rate=1.0)
    found = [rates(recipe, [1.0, 0.9, 0.95, 0.92])[epoch * STEPS] for epoch in range(5)]
    assert found == pytest.approx([1, 1, 1, 1, 0.5])


@pytest.mark.parametrize(
    ("losses", "patience", "expected"),
    [([], 0, 0), ([1, 2], 0, 1), ([1, 2, 2], 0, 2), ([1, 2, 2], 1, 1), ([3, 2, 1], 0, 0), ([1, 2, 0.5, 1], 0, 2)],
)
def test_plateau_count(losses: list[float], patience: int, expected: int) -> None:
    assert plateau_count(losses, patience) == expected


@pytest.mark.parametrize(
    ("losses", "patience", "expected"),
    [([1, 2, 2], 2, True), ([1, 2, 0.9], 2, False), ([1, 2], 2, False), ([1, 9, 9, 9], 0, False), ([], 1, False)],
)
def test_should_stop_early(losses: list[float], patience: int, expected: bool) -> None:
    assert should_stop_early(losses, patience) is expected


@given(st.lists(st.floats(0, 10), max_size=20), st.integers(1, 5))
def test_no_early_stop_within_the_patience_of_the_best_epoch(losses: list[float], patience: int) -> None:
    if losses and len(losses) - losses.index(min(losses)) <= patience:
        assert not should_stop_early(losses, patience)
