"""Registry of the event source mappings of a stack: it starts, changes, stops and deletes them."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from samrun.functions.invocation_request import LambdaRequestError
from samrun.template.arns import mapping_uuid
from samrun.template.model.kafka_mappings import KafkaMapping
from samrun.template.model.triggers import QueueTrigger, StreamTrigger

Trigger = KafkaMapping | QueueTrigger | StreamTrigger
State = Literal["Creating", "Enabling", "Enabled", "Disabling", "Disabled", "Updating", "Deleting"]


@dataclass(frozen=True, kw_only=True)
class RunningPoller:
    """Poller in a thread of its own.

    `has_position` is set once it has its starting position. `finish` ends it after what is in flight, `stop` at once;
    `ended` is done then.
    """

    has_position: asyncio.Event
    ended: "asyncio.Future[None]"
    stop: Callable[[], None]
    finish: Callable[[], None]


Launch = Callable[[Trigger, Callable[[str], None]], RunningPoller]
"""Starts the poller of a trigger. The second argument takes its last result, in the words of LastProcessingResult."""


@dataclass(kw_only=True)
class RegisteredMapping:
    """A mapping with its state. `number` is its place in the order in which the mappings were made.

    `tags` are those that a request gave it.
    """

    number: int
    trigger: Trigger
    state: State = "Creating"
    last_modified: datetime = field(default_factory=lambda: datetime.now(UTC))
    last_result: str = "No records processed"
    poller: RunningPoller | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def uuid(self) -> str:
        """The UUID of the mapping."""
        return mapping_uuid(self.trigger.logical_id)

    @property
    def is_settled(self) -> bool:
        """Tell whether no change of the mapping is under way."""
        return self.state in {"Enabled", "Disabled"}

    def note_result(self, result: str) -> None:
        """Note the result of the last invocation, or why there is none. For any thread."""
        self.last_result = result


class MappingRegistry:
    """Registry of mappings. All methods belong to the event loop.

    A change returns at once, with the mapping in a state such as Disabling; `run` gets the coroutine that carries it
    out. `launch` starts a poller, and `report` takes a line about each change.
    """

    def __init__(
        self,
        launch: Launch,
        *,
        run: Callable[[Coroutine[None, None, None]], None],
        report: Callable[[str], object],
    ) -> None:
        self._launch = launch
        self._run = run
        self._report = report
        self._mappings: dict[str, RegisteredMapping] = {}
        self._made = 0
        self._is_stopping = False
        self._changed = asyncio.Event()

    def start(self, triggers: Iterable[Trigger]) -> None:
        """Add the mappings of a template."""
        for trigger in triggers:
            self._run(self._carry_out(self._register(trigger)))

    async def settled(self) -> None:
        """Wait until no change is under way: each enabled mapping has its starting position."""
        while not all(each.is_settled for each in self._mappings.values()):
            self._changed.clear()
            await self._changed.wait()

    async def stop(self) -> None:
        """Stop every mapping at once, and wait for the end of their pollers."""
        self._is_stopping = True
        pollers = [each.poller for each in self._mappings.values() if each.poller]
        for poller in pollers:
            poller.stop()
        if pollers:
            await asyncio.wait([poller.ended for poller in pollers])

    def all(self) -> list[RegisteredMapping]:
        """Return the mappings in the order in which they were made."""
        return list(self._mappings.values())

    def get(self, uuid: str) -> RegisteredMapping:
        """Return the mapping with this UUID. Raises LambdaRequestError."""
        found = self._mappings.get(uuid)
        if found is None:
            raise LambdaRequestError(404, "ResourceNotFoundException", "The resource you requested does not exist.")
        return found

    def create(self, trigger: Trigger) -> RegisteredMapping:
        """Add a mapping, and start it if it is enabled."""
        mapping = self._register(trigger)
        self._run(self._carry_out(mapping, "is created"))
        return mapping

    def update(self, uuid: str, trigger: Trigger) -> RegisteredMapping:
        """Change a mapping to this one. Raises LambdaRequestError if another change is under way."""
        mapping = self._free(uuid, "update")
        was_enabled, mapping.trigger = mapping.trigger.enabled, trigger
        if trigger.enabled == was_enabled:
            state: State = "Updating"
        else:
            state = "Enabling" if trigger.enabled else "Disabling"
        self._change(mapping, state)
        self._run(self._carry_out(mapping, "is changed"))
        return mapping

    def delete(self, uuid: str) -> RegisteredMapping:
        """Delete a mapping. Raises LambdaRequestError if another change is under way."""
        mapping = self._free(uuid, "delete")
        self._change(mapping, "Deleting")
        self._run(self._delete(mapping))
        return mapping

    def _register(self, trigger: Trigger) -> RegisteredMapping:
        self._made += 1
        mapping = RegisteredMapping(number=self._made, trigger=trigger)
        self._mappings[mapping.uuid] = mapping
        return mapping

    def _free(self, uuid: str, change: str) -> RegisteredMapping:
        mapping = self.get(uuid)
        if not mapping.is_settled:
            text = f"Cannot {change} the event source mapping because it is in use."
            raise LambdaRequestError(400, "ResourceInUseException", text)
        return mapping

    def _change(self, mapping: RegisteredMapping, state: State) -> None:
        mapping.state, mapping.last_modified = state, datetime.now(UTC)
        self._changed.set()

    async def _carry_out(self, mapping: RegisteredMapping, change: str | None = None) -> None:
        """End the poller that there was, and start one for the mapping as it is now."""
        await self._end_poller(mapping)
        if mapping.trigger.enabled and not self._is_stopping:
            mapping.poller = self._launch(mapping.trigger, mapping.note_result)
            await _has_position_or_ended(mapping.poller)
        self._change(mapping, "Enabled" if mapping.trigger.enabled else "Disabled")
        if change:
            self._report(f"{mapping.trigger.logical_id} {change}: {mapping.state}")

    async def _delete(self, mapping: RegisteredMapping) -> None:
        await self._end_poller(mapping)
        del self._mappings[mapping.uuid]
        self._changed.set()
        self._report(f"{mapping.trigger.logical_id} is deleted")

    async def _end_poller(self, mapping: RegisteredMapping) -> None:
        if mapping.poller:
            mapping.poller.finish()
            await asyncio.wait([mapping.poller.ended])
            mapping.poller = None


async def _has_position_or_ended(poller: RunningPoller) -> None:
    """Wait until a poller has its starting position, or has ended before."""
    waiting = asyncio.ensure_future(poller.has_position.wait())
    both: list[asyncio.Future[Any]] = [waiting, poller.ended]
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
