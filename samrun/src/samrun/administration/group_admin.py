"""Administration of consumer groups: what they committed, their members, and other offsets for them."""

from collections.abc import Mapping

import confluent_kafka
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException
from confluent_kafka.admin import AdminClient

from samrun.administration.partition_offsets import Offsets
from samrun.errors import UserError
from samrun.mapping.client_errors import description
from samrun.mapping.records import TopicPartition


class GroupError(UserError):
    """Kafka refuses other offsets for a group; the message says why."""


class GroupAdmin:
    """Administration of the consumer groups of one cluster. Methods raise KafkaException."""

    def __init__(self, admin: AdminClient) -> None:
        self._admin = admin

    def groups(self) -> list[str]:
        """Return the names of all groups."""
        listed = self._admin.list_consumer_groups().result()
        return sorted(each.group_id for each in listed.valid)

    def committed(self, group: str) -> Offsets:
        """Return the offsets that a group committed, those of the records that it reads next. A new group has none."""
        [asked] = self._admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]).values()
        return {
            TopicPartition(each.topic, each.partition): each.offset
            for each in asked.result().topic_partitions
            if each.offset >= 0
        }

    def all_committed(self) -> Mapping[str, Offsets]:
        """Return the committed offsets of every group."""
        return {group: self.committed(group) for group in self.groups()}

    def members(self, group: str) -> list[str]:
        """Return the client ids of a group's members. A group that does not exist has none."""
        [asked] = self._admin.describe_consumer_groups([group]).values()
        return [member.client_id for member in asked.result().members]

    def commit(self, group: str, offsets: Offsets) -> None:
        """Set the committed offsets of a group without members. Raises GroupError."""
        partitions = [confluent_kafka.TopicPartition(*each, offset) for each, offset in offsets.items()]
        [asked] = self._admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, partitions)]).values()
        try:
            refused = [each.error for each in asked.result().topic_partitions if each.error]
        except KafkaException as error:
            refused = [error.args[0]]
        if refused:
            raise GroupError(f"Kafka did not change the offsets of the group {group}: {description(refused[0])}")
