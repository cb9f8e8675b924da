"""What a training is about to do, in words: for one that starts, and for one that is only planned."""

from __future__ import annotations

from collections.abc import Iterator

from mnistkit.preparation import Preparation


def about_data(train: int, val: int, test: int) -> str:
    """Return how many images go where."""
    held_out = f"{val:,} validation" if val else "no validation"
    return f"{train:,} training, {held_out} and {test:,} test images"


def about_choices(preparation: Preparation, reason: str, init: str, fitted: str) -> Iterator[str]:
    """Yield a line for each thing that was chosen for the user, and why.

    Args:
        preparation: How pictures become what the model is given.
        reason: Why; empty where there was nothing to choose.
        init: The trained weights that the training starts from; empty for new ones.
        fitted: How the recipe was fitted to few images; empty if it was not.
    """
    if reason:
        yield f"preparation {preparation}: {preparation.meaning} ({reason})"
    if init:
        yield f"starting from the trained weights of {init}"
    if fitted:
        yield f"{fitted}; --epochs, --batch-size, --lr, --set or --recipe override this"
