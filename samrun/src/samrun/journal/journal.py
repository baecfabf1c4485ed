"""Journal in memory: the newest requests, and the newest deliveries of mappings."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from samrun.journal.entries import ApiRequest, DeliveryEntry
from samrun.supervision.access import Access

_Entry = TypeVar("_Entry")

# Each kind keeps so many entries. A request has about 1 kB, and a path of 8 kB at most, which is cut.
MAX_ENTRIES = 10_000
_MAX_PATH = 500
# Places in all entries of deliveries: 200 bytes each. A batch has up to 10,000 records, in an entry for each attempt.
MAX_PLACES = 200_000


@dataclass(kw_only=True)
class _Newest(Generic[_Entry]):
    """The newest entries, up to a number and a weight. `added` counts all that there were."""

    max_weight: int
    weigh: Callable[[_Entry], int]
    added: int = 0
    _entries: deque[_Entry] = field(default_factory=deque)
    _weight: int = 0

    def add(self, entry: _Entry) -> None:
        self.added += 1
        self._entries.append(entry)
        self._weight += self.weigh(entry)
        while len(self._entries) > MAX_ENTRIES or (self._weight > self.max_weight and len(self._entries) > 1):
            self._weight -= self.weigh(self._entries.popleft())

    def after(self, number: int) -> list[_Entry]:
        wanted = self.added - number
        return list(self._entries)[-wanted:] if wanted > 0 else []

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        self._entries.clear()
        self._weight = 0


class Journal:
    """Journal of one stack. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.invocations_before = 0
        """The number of the last invocation before the journal was cleared."""
        self._requests: _Newest[ApiRequest] = _Newest(max_weight=MAX_ENTRIES, weigh=lambda _: 1)
        self._deliveries: _Newest[DeliveryEntry] = _Newest(max_weight=MAX_PLACES, weigh=lambda each: len(each.places))

    def note_access(self, access: Access) -> None:
        """Note a request that an API has answered just now. One that met no route is left out."""
        if access.function is None:
            return
        started = datetime.now(UTC) - timedelta(milliseconds=access.milliseconds)
        if len(access.path) > _MAX_PATH:
            access = replace(access, path=f"{access.path[:_MAX_PATH]}…")
        with self._lock:
            self._requests.add(ApiRequest(started=started, access=access))

    def note_delivery(self, entry: DeliveryEntry) -> None:
        """Note what a mapping did with records."""
        with self._lock:
            self._deliveries.add(entry)

    def requests(self, after: int = 0) -> tuple[int, Sequence[ApiRequest]]:
        """Return the number of all requests so far, and those after the first `after` that are still kept."""
        with self._lock:
            return self._requests.added, self._requests.after(after)

    def deliveries(self, after: int = 0) -> tuple[int, Sequence[DeliveryEntry]]:
        """Return the same of deliveries."""
        with self._lock:
            return self._deliveries.added, self._deliveries.after(after)

    @property
    def version(self) -> tuple[int, int]:
        """The numbers of all requests and of all deliveries so far: they grow with each entry."""
        return self._requests.added, self._deliveries.added

    def clear(self, *, invocations: int) -> None:
        """Forget all entries, as a reset of the stack does. Their numbers go on.

        The log of invocations keeps those up to the number `invocations`; readers of the journal leave them out.
        """
        with self._lock:
            self.invocations_before = invocations
            self._requests.clear()
            self._deliveries.clear()
