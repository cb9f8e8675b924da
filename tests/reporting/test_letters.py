from __future__ import annotations

from mnistkit.reporting.letters import letter


def test_after_z_two_letters_stand_for_a_checkpoint_as_in_a_spreadsheet() -> None:
    assert [letter(place) for place in (0, 1, 25, 26, 27, 51, 52)] == ["A", "B", "Z", "AA", "AB", "AZ", "BA"]
    assert letter(26 + 26 * 26) == "AAA"


def test_no_two_checkpoints_have_the_same() -> None:
    assert len({letter(place) for place in range(2000)}) == 2000
