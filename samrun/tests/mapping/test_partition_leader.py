"""Questions to the broker that leads a partition: repeated while it is about to lead, and never otherwise."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from samrun.mapping.partition_leader import ask_leader


def test_question_is_repeated_until_the_broker_leads() -> None:
    failures = [KafkaException(KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION)) for _ in range(3)]

    def ask() -> str:
        if failures:
            raise failures.pop()
        return "answer"

    assert ask_leader(ask) == "answer"
    assert not failures


@pytest.mark.parametrize("code", [KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.LEADER_NOT_AVAILABLE])
def test_another_error_is_raised_at_once(code: int) -> None:
    asked = []

    def ask() -> None:
        asked.append(code)
        raise KafkaException(KafkaError(code))

    with pytest.raises(KafkaException):
        ask_leader(ask)
    assert asked == [code]
