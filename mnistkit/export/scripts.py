"""Our JavaScript modules as one script, which a page can hold within itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_IMPORT = re.compile(r'^import (?:\{[^}]*\} from )?"\./(?P<file>[\w-]+\.js)";\n', re.M)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.M)
_NAME = re.compile(r"^(?:export )?(?:async )?(?:function\*?|class|const|let) (?P<name>[\w$]+)", re.M)
# Comments that stand on lines of their own; no text in our scripts has such lines.
_COMMENT = re.compile(r"^[ ]*(?:/\*\*?(?s:.*?)\*/|//[^\n]*)\n", re.M)
_INDENT = re.compile(r"^ +", re.M)


def one_script(main: Path) -> str:
    """Return a module and all that it imports as one script, without its comments.

    Every module's names stand beside those of the others, so that each name may be used by one module alone.

    Args:
        main: Imports others from its own folder, each by ``import { a, b } from "./other.js";``.

    Raises:
        ValueError: two modules use the same name.
    """
    modules = list(dict.fromkeys(_in_order(main, ())))
    owners: dict[str, str] = {}
    for module in modules:
        for found in _NAME.finditer(module.read_text(encoding="utf-8")):
            owner = owners.setdefault(found["name"], module.name)
            if owner != module.name:
                raise ValueError(f"both {owner} and {module.name} have a '{found['name']}'")
    body = "".join(_bare(module.read_text(encoding="utf-8")) for module in modules)
    return f'"use strict";\n{{\n{body}}}\n'


def _in_order(module: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    """Yield what a module imports, then the module."""
    if module in above:
        raise ValueError(f"{module.name} imports itself")
    for found in _IMPORT.finditer(module.read_text(encoding="utf-8")):
        yield from _in_order(module.parent / found["file"], (*above, module))
    yield module


def _bare(text: str) -> str:
    text = _EXPORT.sub("", _IMPORT.sub("", text))
    return re.sub(r"\n{2,}", "\n", _INDENT.sub("", _COMMENT.sub("", text)))
