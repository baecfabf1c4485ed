from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.notify.messages import sms_segments

# Of 3GPP TS 23.038, table 6.2.1, row by row; at 0x1B stands the escape to the extension table.
ALPHABET = (
    "@Δ 0¡P¿p£_!1AQaq$Φ\"2BRbr¥Γ#3CScsèΛ¤4DTdtéΩ%5EUeuùΠ&6FVfvìΨ'7GWgwòΣ(8HXhxÇΘ)9IYiy"
    "\nΞ*:JZjzØ+;KÄkäøÆ,<LÖlö\ræ-=MÑmñÅß.>NÜnüåÉ/?O§oà"
)


def test_the_alphabet_is_that_of_the_standard() -> None:
    assert frozenset(ALPHABET) == sms_segments.GSM_7
    assert len(ALPHABET) == 127
    assert len(sms_segments.GSM_7_EXTENSION) == 10


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 80 + "a", 2),
        ("@£$¥" * 40, 1),
        ("a" * 152 + "€" + "a" * 152, 3),  # no escape is parted from its character
        ("a" * 151 + "€" + "a" * 153, 2),
        ("đ" * 70, 1),
        ("đ" * 71, 2),
        ("đ" * 134, 2),
        ("đ" * 135, 3),
        ("a" * 69 + "ế", 1),
        ("a" * 70 + "ế", 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("a" * 66 + "😀" + "a" * 66, 3),  # nor is a surrogate from its other half
        ("a" * 65 + "😀" + "a" * 67, 2),
        ("a" * 70 + "\N{NO-BREAK SPACE}", 2),
        ("`" * 71, 2),  # looks like GSM's, and is not in it
    ],
)
def test_segments_are_counted_as_networks_do(text: str, count: int) -> None:
    assert sms_segments.count(text) == count


@given(text=st.text(), more=st.text())
def test_a_longer_text_never_takes_fewer_segments(text: str, more: str) -> None:
    assert sms_segments.count(text) <= sms_segments.count(text + more)
