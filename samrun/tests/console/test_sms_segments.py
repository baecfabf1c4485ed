"""Segments of text messages."""

import pytest

from samrun.console.inbox.sms_segments import sms_segments


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments", "left"),
    [
        ("", "GSM 03.38", 0, 1, 160),
        ("a" * 160, "GSM 03.38", 160, 1, 0),
        ("a" * 161, "GSM 03.38", 161, 2, 145),
        ("a" * 306, "GSM 03.38", 306, 2, 0),
        ("a" * 307, "GSM 03.38", 307, 3, 152),
        ("€" * 80, "GSM 03.38", 160, 1, 0),
        ("Ä" + "a" * 159, "GSM 03.38", 160, 1, 0),
        ("a" * 152 + "€" + "a" * 10, "GSM 03.38", 164, 2, 141),  # the euro sign is not divided
        ("đ" * 70, "UCS-2", 70, 1, 0),
        ("đ" * 71, "UCS-2", 71, 2, 63),
        ("😀" * 35, "UCS-2", 70, 1, 0),
        ("a" * 66 + "😀" + "a" * 9, "UCS-2", 77, 2, 56),  # nor is a pair of units
    ],
)
def test_segments_are_those_of_a_network(text: str, encoding: str, units: int, segments: int, left: int) -> None:
    counted = sms_segments(text)
    assert (counted.encoding, counted.units, counted.segments, counted.left) == (encoding, units, segments, left)
