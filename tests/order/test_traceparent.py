"""The trace context: the caller's if it is valid, a new one if not."""

from __future__ import annotations

import re

import pytest

from functions.order.traceparent import continue_or_start

VALID = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_valid_traceparent_goes_on() -> None:
    assert continue_or_start(VALID) == VALID


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "ff" + VALID[2:],
        VALID.upper(),
        VALID + "\n",
        VALID + "-extra",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
        "ada@example.com",
    ],
)
def test_without_a_valid_one_a_trace_starts(header: str | None) -> None:
    started = continue_or_start(header)
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", started)
    assert started != continue_or_start(header)
