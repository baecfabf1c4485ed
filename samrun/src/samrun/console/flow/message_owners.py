"""Owners of a message: of the records in the invocation that sent it, those that it is about."""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from samrun.console.flow.flow_index import is_mentioned
from samrun.journal.seen_invocation import SeenInvocation, values_in_event
from samrun.mapping.batch import Place

_MAX_KNOWN = 20_000


@dataclass(frozen=True, kw_only=True)
class Owners:
    """Places of the records that a message is about, or may be about if it is not sure."""

    places: frozenset[Place]
    is_sure: bool


class MessageOwners:
    """Owners of messages. A message and its invocation never change, so each is looked at only once."""

    def __init__(self) -> None:
        self._known: dict[str, Owners] = {}
        # A batch has many messages, and its event is read once for all of them.
        self._values: tuple[int, Mapping[Place, str]] = (0, {})

    def of(
        self, message: str, seen: SeenInvocation, texts: Callable[[], Iterable[bytes]], recipients: Iterable[str]
    ) -> Owners:
        """Return the owners of the message with an id.

        A message is about the only record of its invocation, or about those whose key it has in its `texts`. Without a
        key in them, it is about those whose value has one of its recipients: which one is sure if they have one key.
        """
        places = frozenset(each.place for each in seen.records)
        if len(places) == 1:
            return Owners(places=places, is_sure=True)
        if message not in self._known:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[message] = self._found(seen, list(texts()), list(recipients))
        return self._known[message]

    def _found(self, seen: SeenInvocation, texts: list[bytes], recipients: list[str]) -> Owners:
        if named := {each.place for each in seen.records if each.key and is_mentioned(each.key, texts)}:
            return Owners(places=frozenset(named), is_sure=True)
        values = self._values_of(seen)
        addressed = [
            each for each in seen.records if any(recipient in values.get(each.place, "") for recipient in recipients)
        ]
        keys = {each.key or each.place for each in addressed}
        return Owners(places=frozenset(each.place for each in addressed), is_sure=len(keys) == 1)

    def _values_of(self, seen: SeenInvocation) -> Mapping[Place, str]:
        number = seen.invocation.number
        if self._values[0] != number:
            self._values = (number, values_in_event(seen.invocation.event))
        return self._values[1]


def texts_of_tags(tags: Iterable[str]) -> Iterator[bytes]:
    """Yield the values of SES's tags. SES takes few characters, so some applications write others in base64."""
    for tag in tags:
        text = tag.encode(errors="replace")
        yield text
        try:
            yield base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            continue  # it is no base64
