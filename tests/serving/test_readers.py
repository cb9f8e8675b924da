"""The processes that read pictures: what hangs or crashes is replaced."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import pytest

from mnistkit.exceptions import PictureError
from mnistkit.imaging.limits import DEFAULT_LIMITS
from mnistkit.imaging.prepared import Prepared
from mnistkit.preparation import INK
from mnistkit.serving.readers import Readers, ReadResult
from mnistkit.serving.refusals import RefusalError
from tests.support.pictures import encoded, page


@pytest.fixture(scope="module")
def readers() -> Iterator[Readers]:
    readers = Readers(1, INK, DEFAULT_LIMITS, 30)
    yield readers
    readers.close()


def read(readers: Readers, content: bytes) -> ReadResult:
    return asyncio.run(readers.read(content, lambda result: result, keep_steps=False))


def test_a_process_that_hangs_or_crashes_is_replaced(readers: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    content = encoded(page(), "PNG")
    assert isinstance(read(readers, content), Prepared)
    (reader,) = readers._readers
    first = reader._process.pid
    with monkeypatch.context() as patch:
        patch.setattr(reader, "_seconds", 0.0)
        result = read(readers, content)
    assert isinstance(result, PictureError) and result.message == "the picture takes longer than 0 s to read"
    reader._process.kill()
    result = read(readers, content)
    assert isinstance(result, PictureError) and "crash" in result.message
    assert isinstance(read(readers, content), Prepared)
    assert reader._process.pid != first


def test_whose_turn_does_not_come_is_told(readers: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    async def read_two() -> None:
        content = encoded(page(), "PNG")
        first = asyncio.ensure_future(readers.read(content, lambda result: result, keep_steps=False))
        await asyncio.sleep(0)
        monkeypatch.setattr(readers, "_seconds", 0.001)
        with pytest.raises(RefusalError, match="the picture waited for"):
            await readers.read(content, lambda result: result, keep_steps=False)
        assert isinstance(await first, Prepared)

    asyncio.run(read_two())


def test_messages_tell_no_path_of_the_machine() -> None:
    refusal = RefusalError.of_picture(PictureError(f"the picture is damaged: {sys.prefix}/lib is missing"))
    assert refusal.message == "the picture cannot be read"
    assert RefusalError.of_picture(PictureError("the picture is empty")).message == "the picture is empty"
