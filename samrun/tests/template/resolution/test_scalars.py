"""Texts of scalars."""

from typing import Any

import pytest

from samrun.template.resolution.scalars import as_text, as_texts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("True", "True"),
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (1.5, "1.5"),
        (None, ""),
        (["a", 1, True], "a,1,true"),
        ({"a": 1}, '{"a": 1}'),
    ],
)
def test_scalar_has_the_text_of_cloudformation(value: Any, text: str) -> None:
    assert as_text(value) == text


def test_scalars_in_lists_and_objects_become_texts() -> None:
    assert as_texts({"a": [1, True], "b": "c"}) == {"a": ["1", "true"], "b": "c"}
