"""The search for customers' data: it finds them, or the tests that use it prove nothing."""

import base64

import pytest

from tests.system.customers import customer, personal_data_in


@pytest.mark.parametrize("field", ["name", "email", "phone"])
@pytest.mark.parametrize("number", [0, 7, 9_999])
@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_personal_data_is_found(field: str, number: int, before: str) -> None:
    text = f"{before}{customer(number)[field]}|"
    for written in (text, text.upper(), base64.b64encode(text.encode()).decode()):
        assert personal_data_in(["begun\n", f"first\nreason={written} \nlast"]) == [f"reason={written} "]


def test_text_of_no_customer_is_not_found() -> None:
    assert personal_data_in(["ord_a7yuqahkcwyojza3z7chx7dkkq", "somebody@example.com", "+14155550100"]) == []
