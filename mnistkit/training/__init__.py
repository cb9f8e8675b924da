"""How a model is trained: the recipe, the loop, objectives, optimizers and schedules."""
