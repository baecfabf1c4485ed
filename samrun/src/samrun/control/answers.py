"""Answers of a mapping's thread to questions of the control."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from samrun.mapping.poller import KafkaPoller
from samrun.mapping.records import TopicPartition

if TYPE_CHECKING:
    from concurrent.futures import Future

_T = TypeVar("_T")


def wait_for_answer(asked: "Future[_T]", patience: float) -> _T:
    """Wait up to `patience` seconds for an answer. Raises TimeoutError; the question is taken back then.

    A mapping without a connection to Kafka answers nothing. It would answer later, when nobody expects it.
    """
    try:
        return asked.result(patience)
    except TimeoutError:
        asked.cancel()
        raise


def positions_of(poller: KafkaPoller, patience: float) -> Mapping[TopicPartition, int] | None:
    """Return the offset up to which each partition of a mapping is done; None if it has no connection to Kafka."""
    try:
        return wait_for_answer(poller.positions(), patience)
    except TimeoutError:
        return None
