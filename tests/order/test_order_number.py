"""Order numbers: derived from ids, read back in the forms that people type, with wrong characters found."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.order.domain.order import order_id_for
from functions.order.domain.order_number import (
    ORDER_NUMBER,
    OrderNumberInvalidError,
    order_id_start,
    order_number,
)

IDS = st.text(min_size=1).map(order_id_for)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def test_the_number_of_the_sample_order() -> None:
    assert order_number("ord_a7yuqahkcwyojza3z7chx7dkkq") == "A7YUQ-AHKC7"


@given(order_id=IDS)
def test_a_number_leads_to_the_beginning_of_its_id(order_id: str) -> None:
    number = order_number(order_id)
    assert re.fullmatch(ORDER_NUMBER, number)
    for typed in (number, number.lower(), number.replace("-", "")):
        assert order_id_start(typed) == order_id[:13]


@given(order_id=IDS, place=st.integers(0, 9), character=st.sampled_from(ALPHABET))
def test_each_wrong_character_is_found(order_id: str, place: int, character: str) -> None:
    number = order_number(order_id).replace("-", "")
    wrong = number[:place] + character + number[place + 1 :]
    if wrong == number:
        assert order_id_start(wrong)
    else:
        with pytest.raises(OrderNumberInvalidError, match="wrong"):
            order_id_start(wrong)


@given(order_id=IDS, place=st.integers(0, 8))
def test_swapped_neighbours_are_found_except_the_two_ends_of_the_alphabet(order_id: str, place: int) -> None:
    number = order_number(order_id).replace("-", "")
    first, second = number[place], number[place + 1]
    swapped = number[:place] + second + first + number[place + 2 :]
    if first == second or {first, second} == {"A", "7"}:
        assert order_id_start(swapped)
    else:
        with pytest.raises(OrderNumberInvalidError, match="swapped"):
            order_id_start(swapped)


@pytest.mark.parametrize(
    "text",
    ["", "A7YUQ", "A7YUQ-AHKC77", "A7YUQ_AHKC7", "A7YUQ-AHKC0", "ord_a7yuqahkcwyojza3z7chx7dkkq", "A7YUQ-AHKC7\n"],
)
def test_a_text_of_another_form_is_no_number(text: str) -> None:
    with pytest.raises(OrderNumberInvalidError, match="such as A7YUQ-AHKC7"):
        order_id_start(text)
