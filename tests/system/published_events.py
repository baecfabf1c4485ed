"""The events that a topic holds of each order, compared with what was promised."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from samrun.testing.broker import Record
from tests.contract.wire_event import read_wire_event

PAID, CANCELLED = "order.paid.v1", "order.cancelled.v1"


@dataclass(frozen=True, kw_only=True)
class Event:
    """An event as the topic has it: which one it is, and all of its bytes."""

    type: str
    id: str
    value: bytes


class Published:
    """The events of each order, in the order of the topic; fails unless each keeps the contract."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._events: dict[str, list[Event]] = {}
        for record in records:
            content = read_wire_event(record)
            assert record.value is not None
            event = Event(type=content["type"], id=content["id"], value=record.value)
            self._events.setdefault(content["subject"], []).append(event)

    def of(self, order_id: str) -> Sequence[Event]:
        """Return the events of an order, repeats among them."""
        return self._events.get(order_id, [])

    def has(self, order_id: str, expected: Sequence[str], *, extra: Mapping[str, int] | int = 0) -> None:
        """Fail unless the topic has the order's events of these types, first each once and in this order.

        Each may be there again, `extra` times at most (for all types, or by type): the same id and the same bytes.
        """
        events = self.of(order_id)
        types = [event.type for event in events]
        assert list(dict.fromkeys(types)) == list(expected), f"{order_id} has {types}"
        assert len({event.id for event in events}) == len(expected), f"{order_id} has one event under several ids"
        assert len({event.value for event in events}) == len(expected), f"{order_id} has one event in several versions"
        for event_type in expected:
            maximum = 1 + (extra if isinstance(extra, int) else extra.get(event_type, 0))
            assert types.count(event_type) <= maximum, f"{order_id} has {types}, of {event_type} there may be {maximum}"
