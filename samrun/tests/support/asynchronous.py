"""Destinations of asynchronous invocations that a test looks into."""

from typing import Any

from samrun.functions.asynchronous_record import CompletedEvent


class RecordingDestinations:
    """Destinations that keep what they get, by ARN."""

    def __init__(self) -> None:
        self.records: list[tuple[str, dict[str, Any]]] = []
        self.dead_letters: list[tuple[str, bytes]] = []

    def send_record(self, completed: CompletedEvent, arn: str) -> None:
        self.records.append((arn, completed.record()))

    def send_dead_letter(self, completed: CompletedEvent, arn: str) -> None:
        self.dead_letters.append((arn, completed.event.payload))
