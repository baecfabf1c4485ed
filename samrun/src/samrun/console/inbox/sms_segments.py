"""Segments of a text message (SMS): how many a network sends and the sender pays for, and in which encoding.

GSM 03.38 has an alphabet of 7 bits; a text with any other character goes out as UCS-2. A text of several segments has
fewer characters in each, since a header says how they belong together.
https://docs.aws.amazon.com/sms-voice/latest/userguide/sms-limitations-character.html
"""

from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each takes the place of two characters.
_EXTENSION = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True, kw_only=True)
class SmsSegments:
    """Segments of one text. `units` is its length in characters of the encoding, and `left` how many still fit in."""

    encoding: str
    units: int
    segments: int
    left: int


def sms_segments(text: str) -> SmsSegments:
    """Return the segments of a text; an empty one has one, too."""
    if all(each in _BASIC or each in _EXTENSION for each in text):
        return _segments("GSM 03.38", [2 if each in _EXTENSION else 1 for each in text], alone=160, joined=153)
    return _segments("UCS-2", [2 if ord(each) > 0xFFFF else 1 for each in text], alone=70, joined=67)


def _segments(encoding: str, lengths: list[int], *, alone: int, joined: int) -> SmsSegments:
    units = sum(lengths)
    if units <= alone:
        return SmsSegments(encoding=encoding, units=units, segments=1, left=alone - units)
    segments, used = 1, 0
    for length in lengths:
        if used + length > joined:  # a pair of units is never divided
            segments, used = segments + 1, 0
        used += length
    return SmsSegments(encoding=encoding, units=units, segments=segments, left=joined - used)
