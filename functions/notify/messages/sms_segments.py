"""How many parts a text message is sent in, which is what it costs.

The alphabets are those of 3GPP TS 23.038, the room in a part that of 3GPP TS 23.040.
"""

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_EXTENSION = frozenset("\f^{}\\[~]|€")  # each is sent as an escape and a character

GSM_7_ALONE, GSM_7_JOINED = 160, 153
UCS_2_ALONE, UCS_2_JOINED = 70, 67  # code units of UTF-16, which phones read it as


def count(text: str) -> int:
    """Return the number of segments that a text message takes; one with no text takes one."""
    if GSM_7.union(GSM_7_EXTENSION).issuperset(text):
        widths = [2 if character in GSM_7_EXTENSION else 1 for character in text]
        return _segments(widths, alone=GSM_7_ALONE, joined=GSM_7_JOINED)
    widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return _segments(widths, alone=UCS_2_ALONE, joined=UCS_2_JOINED)


def _segments(widths: list[int], *, alone: int, joined: int) -> int:
    """Fill segment after segment; none ends in the middle of a character."""
    if sum(widths) <= alone:
        return 1
    segments, room = 1, joined
    for width in widths:
        if width > room:
            segments, room = segments + 1, joined
        room -= width
    return segments
