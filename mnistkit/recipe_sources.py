"""Which recipe counts: command line over environment over file over the architecture's own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from mnistkit.exceptions import RecipeError
from mnistkit.paths import is_path_like
from mnistkit.recipe import RENAMED_KEYS, Recipe, flatten, recipe_keys, with_current_keys
from mnistkit.registry import close_names, either
from mnistkit.threads import VARIABLE as THREADS_VARIABLE

ENVIRONMENT_PREFIX = "MNISTKIT_"
# Variables that mean something else than a recipe key.
_OTHER_VARIABLES = ("MNISTKIT_CACHE", "MNISTKIT_DEBUG", "MNISTKIT_DEVICE", THREADS_VARIABLE)
# A run folder's recipe.toml describes the run in this table; as a recipe file it is passed over.
RUN_TABLE = "run"


def recipe_changes(
    *,
    file: Path | None = None,
    settings: Iterable[str] = (),
    options: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    warn: Callable[[str], None] = lambda line: None,
) -> list[tuple[str, dict[str, Any]]]:
    """Collect every change to an architecture's recipe as (source, changes), the weakest first.

    Args:
        file: A TOML file of recipe keys, with tables such as ``[augmentation]`` if wanted.
        settings: ``key=value`` texts, as ``--set`` gives them.
        options: Recipe keys that have an option of their own; None values were not given.
        environment: Variables ``MNISTKIT_<KEY>``, dots written as underscores; by default the process's own.
        warn: Called with one line for a variable that looks like a key but is none.

    Raises:
        RecipeError: the file cannot be read, or a setting has no ``=``.
    """
    changes = [
        (f"{file}", read_recipe_file(file) if file else {}),
        ("environment", _from_environment(os.environ if environment is None else environment, warn)),
        ("--set", dict(map(_parse_setting, settings))),
        ("command line", {key: value for key, value in (options or {}).items() if value is not None}),
    ]
    return [(source, values) for source, values in changes if values]


def name_or_file(recipe: str | Path | None) -> tuple[str | None, Path | None]:
    """Return what ``--recipe`` was given as the name of one of an architecture's recipes, or as a file.

    What holds a folder or a suffix is a file, and so is a path object; everything else is a name.
    """
    if recipe is None:
        return None, None
    if isinstance(recipe, Path) or is_path_like(recipe) or Path(recipe).suffix:
        return None, Path(recipe)
    return recipe, None


def apply_changes(recipe: Recipe, changes: Iterable[tuple[str, Mapping[str, Any]]]) -> Recipe:
    """Return ``recipe`` with the changes that :func:`recipe_changes` collected.

    Raises:
        RecipeError: an unknown key or an unfitting value; the message names the source.
    """
    for source, values in changes:
        recipe = recipe.merged(values, source)
    return recipe


def read_recipe_file(path: Path) -> dict[str, Any]:
    """Return the dotted keys of a TOML recipe, without the description of a run.

    What is called differently now is an error only in what people write (:meth:`Recipe.merged` raises it): a file
    that describes a run was written by mnistkit itself, and holds every key of its version.

    Raises:
        RecipeError: the file is missing or no TOML.
    """
    values = read_toml(path)
    recorded = values.pop(RUN_TABLE, None) is not None
    return with_current_keys(flatten(values)) if recorded else flatten(values)


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file.

    Raises:
        RecipeError: the file is missing, unreadable or no TOML; the message says in which line.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"cannot read recipe {path}: {error.strerror}") from error
    except ValueError as error:
        raise RecipeError(f"recipe {path} is no valid TOML: {error}") from error


def variable_names(keys: Iterable[str]) -> dict[str, str]:
    """Return each dotted key by the name of its environment variable."""
    return {ENVIRONMENT_PREFIX + key.upper().replace(".", "_"): key for key in keys}


def _parse_setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise RecipeError(f"--set takes key=value, not '{text}'", hint="for example: --set label_smoothing=0.1")
    return key.strip(), value.strip()


def _from_environment(environment: Mapping[str, str], warn: Callable[[str], None]) -> dict[str, str]:
    keys = variable_names([*recipe_keys(), *RENAMED_KEYS])
    changes = {}
    for variable, value in environment.items():
        if variable in keys:
            changes[keys[variable]] = value
        elif variable.startswith(ENVIRONMENT_PREFIX) and variable not in _OTHER_VARIABLES:
            close = close_names(variable, [*keys, *_OTHER_VARIABLES])
            meant = f"; did you mean {either(close)}?" if close else ""
            warn(f"ignoring the environment variable {variable}, which means nothing here{meant}")
    return changes
