"""Pictures of a user's folder that teach or prove nothing: blank ones, several of the same, and no writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from mnistkit.data.base import Dataset, LabelledImages
from mnistkit.imaging.prepared import Finding

_NAMED = 3


def divided(dataset: Dataset) -> dict[str, LabelledImages]:
    """Return the three splits of a dataset by their names."""
    return {name: dataset.split(name) for name in ("train", "val", "test")}


@dataclass(frozen=True)
class _Picture:
    """One picture: its file, its class, its split and what was found in it, and the tile that it became."""

    file: str
    label: int
    split: str
    finding: str
    tile: bytes
    is_blank: bool


def warn_of_doubtful(folder: Path, splits: Mapping[str, LabelledImages], warn: Callable[[str], None]) -> None:
    """Say how many pictures are blank, identical or without one piece of writing; all are taken all the same.

    Pictures are identical if the tiles that they became are: a model cannot tell them apart. One that stands in
    two splits makes figures too good, one that stands in two classes has a wrong label: both get a line of their
    own.

    Args:
        folder: Names are shown relative to it.
        splits: Images made of pictures, by the names of their splits.
        warn: Called with one line for each kind of doubt.
    """
    pictures = list(_pictures(folder, splits))
    blank = [picture.file for picture in pictures if picture.is_blank]
    if blank:
        warn(f"{_count(blank, pictures)} in {folder} {_are(blank)} blank or too faint to read: {_name(blank)}")
    unclear = [each for each in pictures if not each.is_blank and each.finding != Finding.DIGIT.value]
    if unclear:
        shown = [f"{picture.file} ({picture.finding})" for picture in unclear]
        warn(f"{_count(unclear, pictures)} in {folder} do not show one piece of writing: {_name(shown)}")
    groups = plain = _identical(pictures)
    for fault, consequence, attribute in (
        ("in several classes", "not all of their labels can be right", "label"),
        ("in several splits", "figures on the latter come out too good; keep one of each", "split"),
    ):
        torn = [group for group in groups if len({getattr(picture, attribute) for picture in group}) > 1]
        if torn:
            shown = [_pair(group, attribute) for group in torn]
            warn(f"{folder} has identical pictures {fault}: {_name(shown)}; {consequence}")
            plain = [group for group in plain if group not in torn]
    copies = sum(len(group) - 1 for group in plain)
    if copies:
        shown = [" = ".join(picture.file for picture in group[:2]) for group in plain]
        warn(f"{copies:,} of {len(pictures):,} pictures in {folder} are copies of others: {_name(shown)}")


def _pictures(folder: Path, splits: Mapping[str, LabelledImages]) -> Iterator[_Picture]:
    for split, data in splits.items():
        low, high = (extreme(axis=(1, 2)) for extreme in (data.images.min, data.images.max))
        for place, origin in enumerate(data.origins):
            yield _Picture(
                file=_relative(origin.file, folder),
                label=int(data.labels[place]),
                split=split,
                finding=origin.finding,
                tile=blake2b(data.images[place].tobytes(), digest_size=16).digest(),
                is_blank=bool(low[place] == high[place]),
            )


def _relative(file: str, folder: Path) -> str:
    path = Path(file)
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else file


def _identical(pictures: Sequence[_Picture]) -> list[list[_Picture]]:
    """Return the groups of two or more pictures whose tiles are the same; blank ones are no group."""
    groups: dict[bytes, list[_Picture]] = {}
    for picture in pictures:
        if not picture.is_blank:
            groups.setdefault(picture.tile, []).append(picture)
    return [group for group in groups.values() if len(group) > 1]


def _pair(group: Sequence[_Picture], attribute: str) -> str:
    """Name two pictures of a group that differ in ``attribute``."""
    first = group[0]
    other = next(picture for picture in group if getattr(picture, attribute) != getattr(first, attribute))
    where = f" ({first.split} and {other.split})" if attribute == "split" else ""
    return f"{first.file} = {other.file}{where}"


def _count(some: Sequence[object], pictures: Sequence[_Picture]) -> str:
    return f"{len(some):,} of {len(pictures):,} pictures"


def _are(some: Sequence[object]) -> str:
    return "is" if len(some) == 1 else "are"


def _name(names: Sequence[str]) -> str:
    """Name the first few, and count the others."""
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
