"""Recognising pictures over HTTP: what ``mnistkit serve`` answers, and what it refuses.

The packages of the extra ``[serve]`` are imported here and nowhere else.
"""

from __future__ import annotations

from importlib.util import find_spec

from mnistkit.exceptions import MnistkitError

_MODULES = {"starlette": "starlette", "uvicorn": "uvicorn", "python_multipart": "python-multipart"}


def check_installed() -> None:
    """Raise unless the packages are there that a server needs.

    Raises:
        MnistkitError: some are not; the hint installs them.
    """
    missing = [package for module, package in _MODULES.items() if find_spec(module) is None]
    if missing:
        raise MnistkitError(f"serve needs {', '.join(missing)}", hint="pip install 'mnistkit[serve]'")
