"""Entries of the journal."""

from dataclasses import dataclass
from datetime import datetime

from samrun.mapping.batch import Place
from samrun.mapping.discarded_batch import Condition
from samrun.supervision.access import Access


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiRequest:
    """A request that an API answered. `started` is in UTC."""

    started: datetime
    access: Access


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchAnswered:
    """The end of one invocation of a mapping's function with a batch: the places of its records, and those that failed.

    `attempt` counts from 1. `error` is None if the function answered as Lambda expects.
    """

    at: datetime
    mapping: str
    function: str
    request_id: str
    attempt: int
    places: frozenset[Place]
    failed: frozenset[Place]
    error: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchRetried:
    """A retry that will come in `back_off` seconds. A batch that is `split` comes in parts, each with its own retry."""

    at: datetime
    mapping: str
    places: frozenset[Place]
    attempts: int
    back_off: float
    split: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchDiscarded:
    """Records that a mapping discarded. `destination` has them now; None: they are lost to the mapping."""

    at: datetime
    mapping: str
    places: frozenset[Place]
    condition: Condition
    destination: str | None


DeliveryEntry = BatchAnswered | BatchRetried | BatchDiscarded
