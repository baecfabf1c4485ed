"""Fixtures of the notifier's tests: a mapping that delivers one record at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from functions.notify.domain.notification import UnknownPolicy
from tests.notify.notifier.deliveries import (
    Mapping,
)

if TYPE_CHECKING:
    from functions.notify.notifying.notifier import Notifier
    from tests.notify.fakes import FakeClock
    from tests.notify.samples import RecordMaker


@pytest.fixture
def mapping(notifier: Notifier, clock: FakeClock, make_record: RecordMaker, paid: dict[str, Any]) -> Mapping:
    paid["data"]["customer"]["channels"] = ["mail"]
    return Mapping(notifier=notifier, clock=clock, make_record=make_record, event=paid)


@pytest.fixture
def holding(mapping: Mapping) -> Mapping:
    return replace(mapping, notifier=replace(mapping.notifier, unknown_policy=UnknownPolicy.HOLD))


@pytest.fixture
def both(mapping: Mapping) -> Mapping:
    """The customer of the sample order: with a phone, and without a choice of channels."""
    del mapping.event["data"]["customer"]["channels"]
    return mapping
