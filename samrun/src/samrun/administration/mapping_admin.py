"""Administration of Kafka event source mappings: lists, pauses, resumes and resets them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from samrun.administration.group_admin import GroupAdmin
from samrun.administration.offset_choice import LATEST, OffsetChoice
from samrun.administration.partition_offsets import Offsets, chosen_offsets
from samrun.administration.stack_functions import StackFunctions
from samrun.administration.topic_admin import TopicAdmin, lag
from samrun.errors import UserError
from samrun.template.arns import function_and_qualifier

# Seconds.
_PATIENCE = 60.0
_PAUSE = 0.2

_STOPPED = {"Disabled", "Disabling"}
# Names that are no settings: the mapping's identity, and what it is doing.
_NO_SETTINGS = {
    "EventSourceMappingArn",
    "FunctionArn",
    "LastModified",
    "LastProcessingResult",
    "ResponseMetadata",
    "State",
    "StateTransitionReason",
    "Topics",
    "UUID",
}


class MappingNotFoundError(UserError):
    """No mapping has that function or UUID, or several have; the message names those that exist."""


class ResetError(UserError):
    """A mapping does not stop or start, or its group still has members; the message says what its state is."""


class LambdaRefusalError(UserError):
    """Lambda's API refused a request about mappings, or does not answer."""


@dataclass(frozen=True, kw_only=True)
class MappingStatus:
    """A mapping of one topic. `settings` has those of Lambda's API, by its names, as they are in effect.

    `position` has the offset of the record that is read next, in each partition that the group has committed one of;
    `lag` counts the records ahead of it there. `state` is Lambda's: Enabled, Disabled, Disabling, …
    """

    uuid: str
    topic: str
    group: str
    function: str
    state: str
    settings: Mapping[str, Any]
    position: Offsets
    lag: int


class MappingAdmin:
    """Administration of the Kafka mappings of a stack.

    `client` is the boto3 client of its Lambda, and `functions` has the other names of its functions. Methods raise
    KafkaException, LambdaRefusalError, and, for a name, MappingNotFoundError.
    """

    def __init__(
        self,
        client: Any,
        topics: TopicAdmin,
        groups: GroupAdmin,
        admin: Any,
        functions: StackFunctions | None = None,
    ) -> None:
        self._client = client
        self._functions = functions or StackFunctions(names={})
        self._topics = topics
        self._groups = groups
        self._admin = admin

    def statuses(self) -> list[MappingStatus]:
        """Return every mapping of a topic."""
        return [self._status(each) for each in self._mappings()]

    def pause(self, name: str) -> MappingStatus:
        """Disable the mapping of a function, or that with a UUID, and wait until it has stopped."""
        return self._switch(self._find(name), enabled=False)

    def resume(self, name: str) -> MappingStatus:
        """Enable the mapping of a function, or that with a UUID, and wait until it runs."""
        return self._switch(self._find(name), enabled=True)

    def reset(self, name: str, choice: OffsetChoice, *, report: Callable[[str], None]) -> MappingStatus:
        """Let a mapping go on at other offsets: pause it, change what its group committed, and resume it if it ran.

        `report` gets a text for each step. Raises ResetError and GroupError.
        """
        mapping = self._find(name)
        runs = mapping["State"] not in _STOPPED
        if runs:
            report(f"pausing the mapping of {_function(mapping)}")
        try:
            self._switch(mapping, enabled=False)
            self._wait_for_an_empty_group(_group(mapping), report)
            partitions = self._topics.partitions(_topic(mapping))
            self._groups.commit(_group(mapping), chosen_offsets(self._admin, partitions, choice))
            report(f"set the offsets of the group {_group(mapping)}")
        finally:
            if runs:
                report(f"resuming the mapping of {_function(mapping)}")
                self._switch(mapping, enabled=True)
        return self._status(self._find(mapping["UUID"]))

    def _mappings(self) -> list[dict[str, Any]]:
        try:
            pages = self._client.get_paginator("list_event_source_mappings").paginate()
            every = [each for page in pages for each in page["EventSourceMappings"]]
        except (BotoCoreError, ClientError) as error:
            raise LambdaRefusalError(f"Lambda did not list its mappings: {error}") from error
        return [each for each in every if each.get("Topics")]

    def _find(self, name: str) -> dict[str, Any]:
        mappings = self._mappings()
        found = [each for each in mappings if name == each["UUID"] or self._is_of(each, name)]
        if len(found) == 1:
            return found[0]
        listed = ", ".join(f"{_function(each)} ({each['UUID']})" for each in found or mappings) or "none"
        if found:
            raise MappingNotFoundError(f"{name} has {len(found)} mappings: name the UUID of one: {listed}.")
        raise MappingNotFoundError(f"There is no Kafka mapping of {name}; there are: {listed}.")

    def _is_of(self, mapping: Mapping[str, Any], reference: str) -> bool:
        """Tell whether a mapping is of a function; a name without a qualifier stands for each of its qualifiers."""
        name, qualifier = self._functions.resolve(reference)
        own_name, own_qualifier = function_and_qualifier(mapping["FunctionArn"])
        return name == own_name and qualifier in {None, own_qualifier}

    def _switch(self, mapping: Mapping[str, Any], *, enabled: bool) -> MappingStatus:
        """Enable or disable a mapping, and wait until it is. Raises ResetError after a minute."""
        wanted, deadline = "Enabled" if enabled else "Disabled", time.monotonic() + _PATIENCE
        try:
            self._client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)
            while (current := self._client.get_event_source_mapping(UUID=mapping["UUID"]))["State"] != wanted:
                if time.monotonic() > deadline:
                    raise ResetError(
                        f"The mapping of {_function(mapping)} is still {current['State']} after {_PATIENCE:.0f} s, and "
                        f"not {wanted}. samrun mappings shows its state."
                    )
                time.sleep(_PAUSE)
        except (BotoCoreError, ClientError) as error:
            raise LambdaRefusalError(f"Lambda did not change the mapping of {_function(mapping)}: {error}") from error
        return self._status(current)

    def _wait_for_an_empty_group(self, group: str, report: Callable[[str], None]) -> None:
        """Wait until a group has no members: the brokers forget one that is gone after its session, of 10 s."""
        deadline, reported = time.monotonic() + _PATIENCE, False
        while members := self._groups.members(group):
            if not reported:
                report(f"waiting until the group {group} has no members")
                reported = True
            if time.monotonic() > deadline:
                raise ResetError(
                    f"The group {group} still has members: {', '.join(members)}. Stop these consumers; the offsets are "
                    "unchanged."
                )
            time.sleep(_PAUSE)

    def _status(self, mapping: Mapping[str, Any]) -> MappingStatus:
        topic, group = _topic(mapping), _group(mapping)
        position = {each: at for each, at in self._groups.committed(group).items() if each.topic == topic}
        ends = chosen_offsets(self._admin, position, LATEST)
        return MappingStatus(
            uuid=mapping["UUID"],
            topic=topic,
            group=group,
            function=_function(mapping),
            state=mapping["State"],
            settings={name: value for name, value in mapping.items() if name not in _NO_SETTINGS},
            position=position,
            lag=lag(ends, position),
        )


def _topic(mapping: Mapping[str, Any]) -> str:
    return str(mapping["Topics"][0])


def _group(mapping: Mapping[str, Any]) -> str:
    """Return the consumer group. Lambda names it by the mapping's UUID if nobody named it."""
    sources = ("AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig")
    named = (mapping.get(source, {}).get("ConsumerGroupId") for source in sources)
    return str(next(filter(None, named), mapping["UUID"]))


def _function(mapping: Mapping[str, Any]) -> str:
    """Return the name of the function, with its alias or version if the mapping names one."""
    return str(mapping["FunctionArn"]).partition(":function:")[2]
