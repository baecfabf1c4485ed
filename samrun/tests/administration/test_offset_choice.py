"""The texts that stand for an offset in each partition."""

from datetime import UTC, datetime

import pytest

from samrun.administration.offset_choice import OffsetChoice, time_or_offset

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
MILLISECONDS = int(NOW.timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("0", OffsetChoice(kind="offset", offset=0)),
        ("4711", OffsetChoice(kind="offset", offset=4711)),
        ("2026-11-30T09:00:00Z", OffsetChoice(kind="time", milliseconds=MILLISECONDS)),
        ("2026-11-30T10:00:00.5+01:00", OffsetChoice(kind="time", milliseconds=MILLISECONDS + 500)),
        ("15m", OffsetChoice(kind="time", milliseconds=MILLISECONDS - 15 * 60_000)),
        ("2d", OffsetChoice(kind="time", milliseconds=MILLISECONDS - 2 * 86_400_000)),
    ],
)
def test_text_is_an_offset_a_time_or_an_age(text: str, choice: OffsetChoice) -> None:
    assert time_or_offset(text, now=NOW) == choice


@pytest.mark.parametrize("text", ["", "-1", "yesterday", "15w", "99999999999d"])
def test_other_texts_are_none(text: str) -> None:
    assert time_or_offset(text, now=NOW) is None
