"""Timestamps of any 64-bit number of milliseconds."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samrun.rfc3339 import instant

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# The extreme ones as java.time.Instant prints them.
@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1795342530612, "2026-11-22T10:15:30.612Z"),
        (253402300799999, "9999-12-31T23:59:59.999Z"),
        (253402300800000, "+10000-01-01T00:00:00.000Z"),
        (1795342530612000, "+58862-02-20T10:30:12.000Z"),
        (2**63 - 1, "+292278994-08-17T07:12:55.807Z"),
        (-(2**63), "-292275055-05-16T16:47:04.192Z"),
    ],
)
def test_instant_is_written_as_java_writes_it(milliseconds: int, text: str) -> None:
    assert instant(milliseconds) == text


@given(st.datetimes(timezones=st.just(UTC)))
def test_instant_of_a_date_is_that_date(moment: datetime) -> None:
    milliseconds = (moment - EPOCH) // timedelta(milliseconds=1)
    assert instant(milliseconds) == moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@given(st.integers(-(2**63), 2**63 - 1))
def test_any_number_of_64_bits_is_an_instant(milliseconds: int) -> None:
    assert instant(milliseconds).endswith("Z")
