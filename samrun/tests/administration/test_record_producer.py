"""Producer of records, on librdkafka's mock cluster."""

from samrun.administration.kafka_connection import KafkaConnection
from samrun.administration.record_producer import produce
from samrun.administration.record_text import NewRecord
from support.mock_broker import MockBroker


def test_more_records_than_the_client_queues_are_all_stored() -> None:
    broker, stored = MockBroker(), []
    broker.create("orders")
    # By default, the queue holds a gigabyte.
    connection = KafkaConnection(bootstrap=broker.bootstrap, authentication={"queue.buffering.max.messages": "1"})
    records = [NewRecord(value=str(number).encode(), partition=0) for number in range(5)]
    produce(connection, "orders", records, stored=lambda _partition, offset: stored.append(offset))
    assert stored == [0, 1, 2, 3, 4]
