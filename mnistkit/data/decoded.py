"""The decoded copy of a packed dataset in the user's cache: made once, mapped into memory afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.data.packed import PackedHeader, RawSplits, is_intact, read_header, unpack, views
from mnistkit.exceptions import OutputError
from mnistkit.files import atomic_write

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def open_packed(packed: Path, folder: Path, warn: Callable[[str], None]) -> RawSplits:
    """Return the arrays of a packed file, mapped from its decoded copy in ``folder``.

    A copy that is missing or damaged in any byte is made anew. Its checksum is computed each time: for MNIST that
    takes less than a tenth of a second, and it reads the file ahead for the training that follows. Processes that
    decode at the same time each rename a whole file into place. Where ``folder`` cannot be written, ``warn`` is
    called and the arrays stand in this process's memory.

    Raises:
        DataError: the packed file is missing or damaged.
    """
    import numpy as np

    header = read_header(packed)
    # The checksum in the name keeps versions of mnistkit with different data apart.
    copy = folder / f"{packed.stem}-{header.crc:08x}.raw"
    raw = _map(copy, header)
    if raw is None:
        content = unpack(packed)
        try:
            with atomic_write(copy) as temporary:
                temporary.write_bytes(content)
        except OutputError as error:
            warn(f"{error.message}; {packed.stem} is decoded again at every start")
        raw = _map(copy, header)
        if raw is None:
            raw = np.frombuffer(content, dtype=np.uint8)
    return views(raw, header)


def _map(path: Path, header: PackedHeader) -> NDArray[np.uint8] | None:
    """Map the file into memory, or return None if it is missing or damaged."""
    import numpy as np

    try:
        raw = np.memmap(path, dtype=np.uint8, mode="r")
    except (OSError, ValueError):  # numpy raises ValueError for an empty file
        return None
    return raw if is_intact(raw.data, header) else None
