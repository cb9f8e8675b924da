"""``python -m mnistkit``: the same as the ``mnistkit`` command."""

from mnistkit.cli import run

if __name__ == "__main__":
    run()
