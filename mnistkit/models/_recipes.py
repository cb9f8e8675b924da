"""What the recipes of several architectures have in common; an architecture's file says what it changes."""

from __future__ import annotations

from mnistkit.recipe import Augmentation, Recipe

MILD = Augmentation(
    rotation=10, translate_x=0.08, translate_y=0.08, zoom=0.1, shear=5, ramp_down=0.5, final_share=0.3
)
"""For networks that are too small to learn much more than the digits themselves."""

ELASTIC = Augmentation(
    rotation=12,
    translate_x=0.1,
    translate_y=0.1,
    zoom=0.12,
    shear=6,
    elastic=0.8,
    ramp_down=0.5,
    final_share=0.3,
)
"""For networks that would learn the training images by heart."""

ONE_CYCLE = Recipe(
    epochs=15,
    batch_size=128,
    optimizer="adamw",
    learning_rate=3e-3,
    weight_decay=0.01,
    schedule="one-cycle",
    warmup=0.2,
    ema_decay=0.998,
    augmentation=MILD,
)
"""One cycle of the learning rate over the whole training (Smith and Topin 2018, "Super-convergence"), and the
moving average of the weights."""

TRANSFORMER = Recipe(
    epochs=20,
    batch_size=128,
    optimizer="adamw",
    learning_rate=2e-3,
    beta2=0.99,
    weight_decay=0.05,
    schedule="cosine",
    warmup=0.15,
    ema_decay=0.998,
    gradient_clip=1.0,
    augmentation=ELASTIC,
)
"""For networks of LayerNorm and linear maps over patches."""
