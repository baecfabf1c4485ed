"""Segments of a text message: SNS charges for each.

3GPP TS 23.038 defines the alphabets, and 3GPP TS 23.040 the length of a segment.
"""

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_EXTENSION = frozenset("\f^{}\\[~]|€")  # each takes two places: an escape and a character

GSM_7_ALONE, GSM_7_JOINED = 160, 153
UCS_2_ALONE, UCS_2_JOINED = 70, 67  # code units: phones read UCS-2 as UTF-16


def count(text: str) -> int:
    """Return the number of segments of a text message. An empty message has one."""
    if GSM_7.union(GSM_7_EXTENSION).issuperset(text):
        widths = [2 if character in GSM_7_EXTENSION else 1 for character in text]
        return _segments(widths, alone=GSM_7_ALONE, joined=GSM_7_JOINED)
    widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return _segments(widths, alone=UCS_2_ALONE, joined=UCS_2_JOINED)


def _segments(widths: list[int], *, alone: int, joined: int) -> int:
    """Return the number of segments. No character is split between two segments."""
    if sum(widths) <= alone:
        return 1
    segments, room = 1, joined
    for width in widths:
        if width > room:
            segments, room = segments + 1, joined
        room -= width
    return segments
