"""Which room may import which: imports go one way, down. Imports for type checking count like all others."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import mnistkit

PACKAGE = Path(mnistkit.__file__).parent
GROUND = "ground floor"
"""The modules that stand in the package itself, but for those that put everything together."""

TOP = ("__init__", "__main__", "api")

DATA_FLOORS = ("imaging", "data", GROUND)
MODEL_FLOORS = ("inference", "export", "models", *DATA_FLOORS)

MAY_IMPORT = {
    GROUND: (GROUND,),
    "imaging": (GROUND,),
    "models": (GROUND,),
    "data": ("imaging", GROUND),
    "export": ("models", GROUND),
    "inference": ("export", "models", *DATA_FLOORS),
    "evaluation": MODEL_FLOORS,
    "training": MODEL_FLOORS,
    "serving": MODEL_FLOORS,
    "workflows": ("serving", "training", "evaluation", *MODEL_FLOORS),
    "reporting": ("workflows", "training", "evaluation", *MODEL_FLOORS),
    "cli": ("reporting", "workflows", "serving", "training", "evaluation", *MODEL_FLOORS),
    "top": ("cli", "reporting", "workflows", "training", "evaluation", *MODEL_FLOORS),
}
"""Each room and those below it; a room may always import itself."""

SHOWS = ("typer", "rich")
"""What only rooms that talk to people may import."""


def room_of(module: str) -> str:
    """Return the room of a module of the package, given by its dotted name."""
    parts = module.split(".")[1:]
    if not parts or parts[0] in TOP:
        return "top"
    return parts[0] if (PACKAGE / parts[0]).is_dir() else GROUND


def imports_of(file: Path) -> list[tuple[int, str]]:
    """Return the line and the dotted name of every module that a file imports, at its top or inside."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno} imports relatively"
            module = str(node.module)
            # "from mnistkit.reporting import console" imports the module mnistkit.reporting.console.
            found += [(node.lineno, f"{module}.{alias.name}") for alias in node.names]
    return found


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_imports_go_one_way(file: Path) -> None:
    module = ".".join(("mnistkit", *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
    room = room_of(module)
    wrong = [
        f"{file.relative_to(PACKAGE)}:{line} imports {name}, but {room} may not import {room_of(name)}"
        for line, name in imports_of(file)
        if name.split(".")[0] == "mnistkit" and name != "mnistkit.__version__"
        if room_of(name) not in (room, *MAY_IMPORT[room])
    ]
    if room not in ("cli", "reporting"):
        wrong += [
            f"{file.relative_to(PACKAGE)}:{line} imports {name}, which only cli and reporting may"
            for line, name in imports_of(file)
            if name.split(".")[0] in SHOWS
        ]
    assert not wrong, "\n".join(wrong)


def test_every_room_has_its_place() -> None:
    rooms = {folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists()}
    assert rooms | {GROUND, "top"} == set(MAY_IMPORT)


def test_no_two_rooms_import_each_other() -> None:
    order = list(MAY_IMPORT)
    for room, below in MAY_IMPORT.items():
        assert all(order.index(each) <= order.index(room) for each in below)
