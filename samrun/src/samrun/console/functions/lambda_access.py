"""Access to the Lambda of a stack for the pages: it invokes functions, and pauses, resumes and resets Kafka mappings.

Each method blocks for as long as that takes.
"""

from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from samrun.administration.group_admin import GroupAdmin
from samrun.administration.kafka_connection import KafkaConnection
from samrun.administration.lambda_client import InvokeResponse, invoke_function, lambda_client_at
from samrun.administration.mapping_admin import MappingAdmin, MappingStatus
from samrun.administration.offset_choice import EARLIEST, LATEST, OffsetChoice, time_or_offset
from samrun.administration.stack_functions import StackFunctions
from samrun.administration.topic_admin import TopicAdmin
from samrun.errors import UserError


class LambdaAccessError(UserError):
    """The stack runs no functions, or a request about one cannot be understood; the message says what to do."""


class LambdaAccess:
    """Access to the Lambda at a URL, if there is one, whose mappings read from `kafka`. Methods raise UserErrors."""

    def __init__(self, *, url: str | None, kafka: KafkaConnection) -> None:
        self._url = url
        self._kafka = kafka

    def invoke(self, function: str, event: bytes) -> InvokeResponse:
        """Invoke a function with an event, and wait for its result."""
        return invoke_function(self._client, function, event)

    def statuses(self, function: str) -> list[MappingStatus]:
        """Return the Kafka mappings of a function."""
        admin = self._kafka.admin()
        with self._kafka.errors_for_people():
            every = self._mappings(admin).statuses()
        return [each for each in every if each.function.partition(":")[0] == function]

    def change(self, uuid: str, action: str, to: str) -> None:
        """Pause, resume or reset a mapping, and wait until that is done. `to` says where a reset leads."""
        admin = self._kafka.admin()
        mappings = self._mappings(admin)
        with self._kafka.errors_for_people():
            match action:
                case "pause":
                    mappings.pause(uuid)
                case "resume":
                    mappings.resume(uuid)
                case "reset":
                    mappings.reset(uuid, _offset_choice(to.strip()), report=lambda _: None)
                case _:
                    raise LambdaAccessError(f"A mapping can be paused, resumed or reset, and not {action!r}.")

    def _mappings(self, admin: Any) -> MappingAdmin:
        # The pages name mappings by UUID.
        return MappingAdmin(self._client, TopicAdmin(admin), GroupAdmin(admin), admin, StackFunctions(names={}))

    @cached_property
    def _client(self) -> Any:
        if self._url is None:
            raise LambdaAccessError("This stack runs no functions: start one with samrun up, not samrun services.")
        return lambda_client_at(self._url)


def _offset_choice(text: str) -> OffsetChoice:
    choice = {"earliest": EARLIEST, "latest": LATEST}.get(text) or time_or_offset(text, now=datetime.now(UTC))
    if choice is None:
        raise LambdaAccessError(
            f"{text!r} is no place: write earliest, latest, an offset, an age such as 15m, or a time."
        )
    return choice
