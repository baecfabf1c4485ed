"""Deliveries: the back-off between the attempts of a batch."""

from samrun.mapping.delivery import Delivery
from samrun.testing.kafka_records import batch, record


def test_back_off_grows_without_progress_up_to_a_limit() -> None:
    delivery, back_offs = Delivery(batch=batch(record(1), record(2))), list[float]()
    for _ in range(8):
        delivery = delivery.retry(delivery.batch, None)
        back_offs.append(delivery.back_off)
    assert back_offs == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    smaller = delivery.retry(batch(record(2)), None)
    assert (smaller.back_off, smaller.attempts) == (0.2, 9), "a part counts the attempts of the whole"


def test_back_off_does_not_overflow_after_ten_thousand_attempts() -> None:
    delivery = Delivery(batch=batch(record(1)), attempts=10_000, attempts_without_progress=10_000)
    assert delivery.retry(delivery.batch, None).back_off == 5.0
