"""The page's scripts, run by Node.js."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

import pytest

from mnistkit.export.html import ENGINE, PREPARATION, read_page_file

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")


def run_javascript(body: str, given: Any, scripts: Sequence[str] = (*ENGINE, *PREPARATION)) -> Any:
    """Run the page's scripts, then the body of an async function of ``given``, and return what it returns."""
    source = "\n".join(read_page_file(name) for name in scripts)
    program = f"""
        "use strict";
        {source}
        const text = require("fs").readFileSync(0, "utf8");
        (async (given) => {{ {body} }})(JSON.parse(text)).then((out) => process.stdout.write(JSON.stringify(out)));
    """
    result = subprocess.run(
        ["node", "--eval", program],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)
