"""Dead letters of all places of an application, as the pages list them."""

from dataclasses import dataclass
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError
from confluent_kafka import KafkaException

from samrun.control.stack_parts import StackParts
from samrun.dead_letters.dead_letter import DeadLetter, DeadLetterError, Place
from samrun.dead_letters.locations import find_places
from samrun.dead_letters.replay import OpenPlace, Replayer, open_place
from samrun.error_code import error_code
from samrun.mapping.client_errors import description
from samrun.services.kafka import KafkaUnreachableError, reach

MAX_LISTED = 100
"""Dead letters of one place that a page lists."""


@dataclass(frozen=True, kw_only=True)
class DeadLetterLine:
    """Dead letter in a list. `target` is where a replay leads; None if there is no replay."""

    place: Place
    id: str
    at: datetime
    what: str
    reason: str
    attempts: int | None
    request_id: str | None
    target: str | None


@dataclass(frozen=True, kw_only=True)
class PlaceState:
    """State of a place: its dead letters, the newest first, or the `problem` that keeps them from being read."""

    place: Place
    lines: tuple[DeadLetterLine, ...] = ()
    problem: str = ""

    @property
    def is_cut(self) -> bool:
        """Tell whether there may be more dead letters."""
        return len(self.lines) >= MAX_LISTED


class DeadLetterBox:
    """Dead letters of a stack. Each method blocks for as long as the services take."""

    def __init__(self, parts: StackParts, replayer: Replayer) -> None:
        self._replayer = replayer
        self._kafka = parts.endpoints.kafka
        self._places = {
            (each.kind, each.name): open_place(each, client=parts.client, bootstrap=self._kafka)
            for each in find_places(parts.application)
        }

    def states(self) -> list[PlaceState]:
        """Return every place with what is in it."""
        return [self._state(each) for each in self._places.values()]

    def dead_letter(self, kind: str, name: str, identifier: str) -> tuple[DeadLetter, str | None]:
        """Return a dead letter, and where a replay of it leads. Raises DeadLetterError and KafkaUnreachableError."""
        place = self._place(kind, name)
        if place.place.kind == "topic":
            reach(self._kafka)
        dead_letter = place.find(identifier)
        return dead_letter, self._replayer.target(dead_letter)

    def replay(self, kind: str, name: str, identifier: str) -> str:
        """Deliver a dead letter again, and return what happened. Raises UserErrors."""
        try:
            return self._replayer.replay(self._place(kind, name), identifier)
        except (KafkaException, BotoCoreError, ClientError) as error:
            raise DeadLetterError(f"It was not replayed: {_text(error)}.") from error

    def delete(self, kind: str, name: str, identifier: str) -> None:
        """Delete a dead letter. Raises DeadLetterError."""
        try:
            self._place(kind, name).delete(identifier)
        except (BotoCoreError, ClientError) as error:
            raise DeadLetterError(f"It was not deleted: {_text(error)}.") from error

    def _place(self, kind: str, name: str) -> OpenPlace:
        for (known_kind, known_name), place in self._places.items():
            if (known_kind, known_name) == (kind, name):
                return place
        raise DeadLetterError(f"The application has no {kind} {name} for dead letters.")

    def _state(self, opened: OpenPlace) -> PlaceState:
        place = opened.place
        try:
            if place.kind == "topic":
                reach(self._kafka)
            lines = [self._line(dead_letter) for dead_letter in opened.dead_letters(MAX_LISTED)]
        except (KafkaException, BotoCoreError, ClientError) as error:
            return PlaceState(place=place, problem=_text(error))
        except KafkaUnreachableError as error:
            return PlaceState(place=place, problem=str(error))
        return PlaceState(place=place, lines=tuple(sorted(lines, key=lambda line: line.at, reverse=True)))

    def _line(self, dead_letter: DeadLetter) -> DeadLetterLine:
        contents = dead_letter.contents
        return DeadLetterLine(
            place=dead_letter.place,
            id=dead_letter.id,
            at=dead_letter.at,
            what=contents.what,
            reason=contents.reason,
            attempts=contents.attempts,
            request_id=contents.request_id,
            target=self._replayer.target(dead_letter),
        )


def _text(error: KafkaException | BotoCoreError | ClientError) -> str:
    if isinstance(error, KafkaException):
        return description(error)
    return f"{error_code(error)}: {error}" if isinstance(error, ClientError) else str(error)
