"""Timestamps: the bytes of each form, and that the stored ones can be read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from functions.notify.timestamps import api_form, read_stored, stored_feedback_form, stored_form

MOMENT = datetime(2026, 11, 22, 10, 15, 30, 250, tzinfo=UTC)
WHOLE_SECOND = MOMENT.replace(microsecond=0)


def test_each_form_has_its_bytes() -> None:
    assert api_form(MOMENT) == "2026-11-22T10:15:30.000Z"
    assert stored_feedback_form(MOMENT) == "2026-11-22T10:15:30.000+00:00"
    assert stored_form(MOMENT) == "2026-11-22T10:15:30.000250+00:00"
    assert stored_form(WHOLE_SECOND) == "2026-11-22T10:15:30+00:00"


def test_stored_forms_can_be_read() -> None:
    assert read_stored(stored_form(MOMENT)) == MOMENT
    assert read_stored(stored_feedback_form(MOMENT)) == WHOLE_SECOND


@pytest.mark.parametrize("text", ["2026-11-22T12:15:30+02:00", "2026-11-22T10:15:30Z"])
def test_a_stored_time_is_read_in_utc(text: str) -> None:
    moment = read_stored(text)
    assert (moment, moment.tzinfo) == (WHOLE_SECOND, UTC)
