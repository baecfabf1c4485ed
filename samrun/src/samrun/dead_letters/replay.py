"""Replay of dead letters: each goes again to the function that did not take it, and to that one alone.

A record is not published to its topic again. There, it would come to every consumer group, also to those that have
processed it, and behind the records that followed it. The function gets it by an invocation with the event that the
mapping sent: the same topic, partition and offset. A message of a queue returns to the queue from which it came, as
SQS's own redrive does.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from samrun.dead_letters.bucket_place import BucketPlace
from samrun.dead_letters.dead_letter import Contents, DeadLetter, DeadLetterError, Place
from samrun.dead_letters.queue_place import QueuePlace
from samrun.dead_letters.replayed_records import marked_as_replay, records_event
from samrun.dead_letters.topic_place import TopicPlace
from samrun.template.model.application import Application
from samrun.template.model.kafka_mappings import KafkaMapping

OpenPlace = QueuePlace | BucketPlace | TopicPlace


class Replied(Protocol):
    """Response of a function, as `administration.lambda_client.InvokeResponse` has it."""

    @property
    def payload(self) -> str:
        """The result of the function, or its error."""
        ...

    @property
    def function_error(self) -> str | None:
        """Set if the function failed."""
        ...


@dataclass(frozen=True, kw_only=True)
class Replayer:
    """Replayer of the dead letters of an application.

    `invoke` invokes a function by its name, with an event, and may raise UserErrors.
    """

    application: Application
    bootstrap: str
    invoke: Callable[[str, bytes], Replied]

    def target(self, dead_letter: DeadLetter) -> str | None:
        """Return where a dead letter goes: the name of a function or a queue, or None if it cannot be replayed."""
        if self._redrives(dead_letter):
            return dead_letter.place.redrives_to[0]
        return self._function(dead_letter) if dead_letter.contents.event or dead_letter.contents.spans else None

    def replay(self, place: OpenPlace, identifier: str) -> str:
        """Deliver a dead letter again, and delete it if that went well. Return what happened, in words.

        Raises DeadLetterError, KafkaException, and the errors of boto3.
        """
        dead_letter = place.find(identifier)
        if isinstance(place, QueuePlace) and self._redrives(dead_letter):
            place.redrive(identifier, dead_letter.place.redrives_to[0])
            return f"The message is in {dead_letter.place.redrives_to[0]} again."
        function = self._function(dead_letter)
        if function is None or not (dead_letter.contents.event or dead_letter.contents.spans):
            raise DeadLetterError("It cannot be replayed: it names no function, or has neither an event nor a record.")
        reply = self.invoke(function, self.event(dead_letter.contents, function))
        if reply.function_error:
            raise DeadLetterError(f"{function} failed again, so it stays here: {_error(reply.payload)}")
        if failures := _failures(reply.payload):
            raise DeadLetterError(
                f"{function} reported {failures} again as failed, so it stays here. Its log says why."
            )
        place.delete(identifier)
        return f"{function} has processed it."

    def event(self, contents: Contents, function: str) -> bytes:
        """Return the event of a replay. Raises DeadLetterError and KafkaException."""
        event = contents.event or records_event(contents.spans, self._mapping(contents, function), self.bootstrap)
        return marked_as_replay(event)

    def _redrives(self, dead_letter: DeadLetter) -> bool:
        """Tell whether a message came from a queue: it is no event or record, which have better ways."""
        contents = dead_letter.contents
        return bool(dead_letter.place.redrives_to) and not (contents.event or contents.spans)

    def _function(self, dead_letter: DeadLetter) -> str | None:
        known = {each.name for each in self.application.functions}
        mapped = [each.function for each in self._mappings(dead_letter.contents)]
        named = [dead_letter.contents.function, dead_letter.place.function]
        # A function that reads the topic is nearer than one that only has the queue in its environment.
        candidates = [each for each in named if each and (not mapped or each in mapped)] or mapped or named
        return next((each for each in candidates if each in known), None)

    def _mappings(self, contents: Contents) -> list[KafkaMapping]:
        topics = {span.partition.topic for span in contents.spans}
        return [each for each in self.application.mappings if each.topic in topics]

    def _mapping(self, contents: Contents, function: str) -> KafkaMapping | None:
        return next((each for each in self._mappings(contents) if each.function == function), None)


def open_place(place: Place, *, client: Callable[[str], object], bootstrap: str) -> OpenPlace:
    """Return what lists and deletes the dead letters of a place. `client` returns the boto3 client of a service."""
    match place.kind:
        case "queue":
            return QueuePlace(place=place, client=client)
        case "bucket":
            return BucketPlace(place=place, client=client)
        case "topic":
            return TopicPlace(place=place, bootstrap=bootstrap)


def _error(payload: str) -> str:
    try:
        error = json.loads(payload)
    except (ValueError, RecursionError):
        return payload[:200]
    if not isinstance(error, dict):
        return payload[:200]
    return ": ".join(str(error[name])[:200] for name in ("errorType", "errorMessage") if error.get(name))


def _failures(payload: str) -> int:
    """Return how many items a partial batch response names as failed."""
    try:
        response = json.loads(payload)
    except (ValueError, RecursionError):
        return 0
    failures = response.get("batchItemFailures") if isinstance(response, dict) else None
    return len(failures) if isinstance(failures, list) else 0
