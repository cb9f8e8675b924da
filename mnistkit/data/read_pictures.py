"""The pictures of a folder as tiles, many at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.data.base import LoadOptions, Origin
from mnistkit.exceptions import DataError, MnistkitError
from mnistkit.imaging.chunks import MOST, read_chunk
from mnistkit.imaging.decode import formats, without_remarks
from mnistkit.preparation import Preparation
from mnistkit.recipe import IMAGE_SIZE
from mnistkit.units import PICTURES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_REPAIR = "repair or remove it"


@cache
def picture_suffixes() -> frozenset[str]:
    """Return the suffixes of all formats that are read (".png", ".jpg", ...)."""
    from PIL import Image

    return frozenset(suffix for suffix, kind in Image.registered_extensions().items() if kind.upper() in formats())


def read_pictures(
    paths: Sequence[Path], preparation: Preparation, options: LoadOptions
) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[Origin, ...], list[DataError]]:
    """Read and prepare pictures with several threads, in the order of ``paths``.

    Returns:
        Tiles of shape (n, 28, 28), the places of the n readable pictures in ``paths``, where each comes from, and
        an error for each other.

    Raises:
        DataError: a picture cannot be read and ``options.skip_bad`` is not set; the message names it.
    """
    import numpy as np

    images = np.empty((len(paths), *IMAGE_SIZE), dtype=np.uint8)
    good: list[int] = []
    origins: list[Origin] = []
    errors: list[DataError] = []
    chunks = [paths[start : start + MOST] for start in range(0, len(paths), MOST)]
    with ExitStack() as closing:
        pool = ThreadPoolExecutor(options.workers or os.cpu_count() or 1)
        # What is waiting is not begun any more when an error or Ctrl-C ends this.
        closing.callback(pool.shutdown, cancel_futures=True)
        closing.enter_context(without_remarks())
        jobs = [pool.submit(read_chunk, chunk, preparation) for chunk in chunks]
        results = (result for job in jobs for result in job.result())
        for place, (path, result) in enumerate(zip(paths, results, strict=True)):
            if isinstance(result, MnistkitError):
                hint = f"{result.hint or _REPAIR}; --skip-bad leaves out such pictures"
                errors.append(DataError(result.message, hint=hint))
                if not options.skip_bad:
                    raise errors[0]
            else:
                images[place] = result.tile
                good.append(place)
                origins.append(Origin(str(path), result.finding.value))
            options.progress(place + 1, len(paths), PICTURES)
    places = np.asarray(good, dtype=np.int64)
    return (images if not errors else images[places]), places, tuple(origins), errors


def spread(paths: Sequence[Path], count: int) -> Iterator[Path]:
    """Yield at most ``count`` of the paths, evenly spread."""
    step = max(1.0, len(paths) / count)
    for number in range(min(count, len(paths))):
        yield paths[int(number * step)]
