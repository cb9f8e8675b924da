"""``python -m mnistkit``: the same as the ``mnistkit`` command."""

from mnistkit.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
