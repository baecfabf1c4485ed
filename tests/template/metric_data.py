"""Metric data of a quiet shop, with an order every ten minutes, and of its failures.

The failures are the rows of the table in docs/operations.md, in its words. Each says which metrics change, and how,
from the minute of the failure on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.template.alarm_evaluation import Key

    Series = Callable[[int], Sequence[float]]
    # By the minutes since the failure began, and the minute.
    Change = Callable[[int, int], Sequence[float]]

PAUSE_OF_ORDERS = 10  # minutes


def _is_order(minute: int) -> bool:
    return minute % PAUSE_OF_ORDERS == 0


def always(*samples: float) -> Series:
    """Return a series with these samples in each minute."""
    return lambda _minute: samples


def with_orders(*samples: float) -> Series:
    """Return a series with these samples in each minute with an order."""
    return lambda minute: samples if _is_order(minute) else ()


def hourly(sample: float) -> Series:
    """Return a series with this sample once an hour."""
    return lambda minute: (sample,) if minute % 60 == 0 else ()


NEVER = always()
MAPPING = "NotifyFromMsk"
HEALTHY: Mapping[Key, Series] = {
    ("AWS/ApiGateway", "5xx", "OrderApi"): with_orders(0),
    ("shop", "WriteRequests", ""): with_orders(1),
    ("shop", "WriteRequestsRefused", ""): NEVER,
    ("AWS/Lambda", "Errors", "OrderFunction"): with_orders(0),
    ("shop", "OldestPendingSeconds", "order"): always(0),
    ("shop", "EventsQuarantined", "order"): always(0),
    ("AWS/Lambda", "PolledEventCount", MAPPING): lambda minute: (0, 0, 1 if _is_order(minute) else 0),
    ("AWS/Lambda", "PollingErrorCount", MAPPING): NEVER,
    ("AWS/Lambda", "InvokeErrorCount", MAPPING): NEVER,
    ("AWS/Lambda", "MaxOffsetLag", MAPPING): always(0),
    ("AWS/Lambda", "OnFailureDestinationDeliveredEventCount", MAPPING): NEVER,
    ("AWS/Lambda", "DroppedEventCount", MAPPING): NEVER,
    ("AWS/Lambda", "Errors", "NotifyFunction"): with_orders(0),
    ("AWS/Lambda", "Throttles", "NotifyFunction"): with_orders(0),
    ("shop", "NotificationsSent", "notify"): with_orders(1),
    ("shop", "MailsDelivered", "notify"): with_orders(0, 1),
    ("shop", "UnexpectedErrors", "notify"): NEVER,
    ("shop", "NotificationsDeferred", "notify"): NEVER,
    ("shop", "NotificationsHeld", "notify"): NEVER,
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "DeadLetterQueue"): always(0),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "FeedbackDeadLetterQueue"): NEVER,  # SQS: not of idle queues
    ("AWS/SES", "Reputation.BounceRate", ""): hourly(0.01),
    ("AWS/SES", "Reputation.ComplaintRate", ""): hourly(0.0001),
    ("AWS/SNS", "NumberOfNotificationsFailed", "PhoneNumberDirect"): NEVER,
    ("AWS/SNS", "SMSMonthToDateSpentUSD", ""): hourly(0.4),
    ("AWS/Kafka", "OfflinePartitionsCount", ""): always(0),
    ("AWS/Kafka", "UnderMinIsrPartitionCount", ""): always(0, 0, 0),
    ("AWS/Kafka", "KafkaDataLogsDiskUsed", ""): always(41, 40, 42),
    ("AWS/Kafka", "CpuIdle", ""): always(92, 95, 94),
    ("AWS/Kafka", "ConnectionCount", ""): always(40, 42, 39),
}


def at_orders(*samples: float) -> Change:
    """Return a change: these samples in each minute with an order."""
    return lambda _since, minute: samples if _is_order(minute) else ()


def constantly(*samples: float) -> Change:
    """Return a change: these samples in each minute."""
    return lambda _since, _minute: samples


def once(*samples: float) -> Change:
    """Return a change: these samples in the first minute."""
    return lambda since, _minute: samples if since == 0 else ()


def at_retries(*samples: float, pause: int) -> Change:
    """Return a change: these samples at the first order, and again at each retry of its record."""

    def change(since: int, minute: int) -> Sequence[float]:
        at_first_order = since - (-(minute - since) % PAUSE_OF_ORDERS)
        return samples if at_first_order >= 0 and at_first_order % pause == 0 else ()

    return change


def every_hour(sample: float) -> Change:
    """Return a change: this sample once an hour."""
    return lambda _since, minute: (sample,) if minute % 60 == 0 else ()


def _age_of_first_order(since: int, minute: int) -> Sequence[float]:
    return (60.0 * max(0, since - (-(minute - since) % PAUSE_OF_ORDERS)),)


# Lambda does not say how long it pauses between the retries of a batch. These are longer than any that was reported.
SHORT, LONG = 5, 12

FAILURES: Mapping[str, Mapping[Key, Change]] = {
    "DynamoDB does not answer the order function": {("AWS/ApiGateway", "5xx", "OrderApi"): at_orders(1)},
    "OrderFunction does not start, or runs out of time": {
        ("AWS/ApiGateway", "5xx", "OrderApi"): at_orders(1),
        ("AWS/Lambda", "Errors", "OrderFunction"): at_orders(1),
    },
    "the issuer or its keys cannot be reached": {("shop", "WriteRequestsRefused", ""): at_orders(1)},
    "the checkout's tokens have a wrong audience or scope": {
        ("shop", "WriteRequests", ""): at_orders(1, 1),
        ("shop", "WriteRequestsRefused", ""): at_orders(1, 1),
    },
    "a sale: one request of five is above `RequestsPerSecond`": {
        ("shop", "WriteRequests", ""): constantly(600),
        ("shop", "WriteRequestsRefused", ""): constantly(120),
    },
    "the brokers are down, or refuse the producers": {("shop", "OldestPendingSeconds", "order"): _age_of_first_order},
    "the relay does not run": {
        ("shop", "OldestPendingSeconds", "order"): constantly(),
        ("shop", "EventsQuarantined", "order"): constantly(),
    },
    "Kafka refuses an event for good": {("shop", "EventsQuarantined", "order"): lambda since, _: (since == 0,)},
    "the mapping is disabled": {
        ("AWS/Lambda", "PolledEventCount", MAPPING): constantly(),
        ("AWS/Lambda", "MaxOffsetLag", MAPPING): constantly(),
    },
    "more orders come than notify can send": {("AWS/Lambda", "MaxOffsetLag", MAPPING): constantly(150)},
    "a password, an ACL or the network keeps the pollers from Kafka": {
        ("AWS/Lambda", "PollingErrorCount", MAPPING): lambda since, _: (1,) if since % SHORT == 0 else ()
    },
    "NotifyFunction does not start": {("AWS/Lambda", "Errors", "NotifyFunction"): at_retries(1, pause=SHORT)},
    "a record kills NotifyFunction": {("AWS/Lambda", "Errors", "NotifyFunction"): at_retries(1, pause=SHORT)},
    "the mapping may not invoke NotifyFunction": {
        ("AWS/Lambda", "InvokeErrorCount", MAPPING): at_retries(1, pause=SHORT)
    },
    "Lambda has no concurrency left for notify": {
        ("AWS/Lambda", "Throttles", "NotifyFunction"): at_retries(1, pause=SHORT)
    },
    "a bug in notify fails a record": {("shop", "UnexpectedErrors", "notify"): at_retries(1, pause=LONG)},
    "SES takes no mail: quota, pause, unverified sender, outage": {
        ("shop", "NotificationsDeferred", "notify"): at_retries(1, pause=LONG)
    },
    "the ledger cannot be written": {("shop", "NotificationsDeferred", "notify"): at_retries(1, pause=LONG)},
    "an answer of SES is lost, with `UnknownPolicy=hold`": {("shop", "NotificationsHeld", "notify"): once(1)},
    "a record cannot be read, or its mail cannot be sent": {
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "DeadLetterQueue"): constantly(1)
    },
    "the mapping discards records after six hours": {
        ("AWS/Lambda", "OnFailureDestinationDeliveredEventCount", MAPPING): once(1)
    },
    "the mapping discards records, and the bucket is gone": {("AWS/Lambda", "DroppedEventCount", MAPPING): once(1)},
    "feedback cannot write the ledger, or EventBridge cannot reach it": {
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "FeedbackDeadLetterQueue"): constantly(1)
    },
    "SES's events stay away": {("shop", "MailsDelivered", "notify"): at_orders(0)},
    "SNS takes text messages and drops them": {
        ("shop", "NotificationsSent", "notify"): at_orders(1, 1),
        ("AWS/SNS", "NumberOfNotificationsFailed", "PhoneNumberDirect"): at_orders(1),
    },
    "text messages come near the spending limit": {("AWS/SNS", "SMSMonthToDateSpentUSD", ""): every_hour(0.81)},
    "one mail of twenty bounces": {("AWS/SES", "Reputation.BounceRate", ""): every_hour(0.05)},
    "one customer of a thousand complains": {("AWS/SES", "Reputation.ComplaintRate", ""): every_hour(0.001)},
    "a partition has no leader": {("AWS/Kafka", "OfflinePartitionsCount", ""): constantly(1)},
    "two brokers of three are down": {("AWS/Kafka", "UnderMinIsrPartitionCount", ""): constantly(1)},
    "a broker's disk is nearly full": {("AWS/Kafka", "KafkaDataLogsDiskUsed", ""): constantly(79, 80, 78)},
    "the brokers are too small": {("AWS/Kafka", "CpuIdle", ""): constantly(60, 35, 60)},
    "too many connections to a broker": {("AWS/Kafka", "ConnectionCount", ""): constantly(2000, 2400, 1900)},
}

# Shops without a failure: the metrics that differ from a quiet shop's.
BLIPS: Mapping[str, Mapping[Key, Series]] = {
    "a quiet shop": {},
    "a shop that nobody visits": {
        key: NEVER
        for key, series in HEALTHY.items()
        if series(0) != series(1) and key[1] not in {"PolledEventCount", "SMSMonthToDateSpentUSD"}
    },
    "a shop with 20 orders a minute": {
        ("AWS/ApiGateway", "5xx", "OrderApi"): always(0),
        ("shop", "WriteRequests", ""): always(21),
        ("shop", "WriteRequestsRefused", ""): always(1),  # an expired token, each minute
        ("shop", "NotificationsSent", "notify"): always(20),
        ("shop", "MailsDelivered", "notify"): always(0, 19),
        ("AWS/SNS", "NumberOfNotificationsFailed", "PhoneNumberDirect"): lambda m: (1,) if m % 2 == 0 else (),
        ("AWS/Lambda", "MaxOffsetLag", MAPPING): always(20),
    },
    "single errors": {
        ("AWS/ApiGateway", "5xx", "OrderApi"): lambda m: (1 if m == 300 else 0,) if _is_order(m) else (),
        ("AWS/Lambda", "Errors", "NotifyFunction"): lambda m: (1 if m == 300 else 0,) if _is_order(m) else (),
        ("AWS/Lambda", "PollingErrorCount", MAPPING): lambda m: (1,) if m == 301 else (),
        ("shop", "NotificationsDeferred", "notify"): lambda m: (1,) if m in {310, 322} else (),
        ("AWS/SNS", "NumberOfNotificationsFailed", "PhoneNumberDirect"): lambda m: (1,) if m == 300 else (),
    },
    "a checkout that gets a new token after each refusal": {
        ("shop", "WriteRequests", ""): with_orders(1, 1),
        ("shop", "WriteRequestsRefused", ""): with_orders(1),
    },
    "mails that are delivered in the next hour": {
        ("shop", "MailsDelivered", "notify"): lambda m: (
            (0,) if m in {50, 350, 650} else (1,) if m in {62, 362, 662} else ()
        )
    },
    "a relay that another relay's lease stops, twice": {
        ("shop", "OldestPendingSeconds", "order"): lambda m: () if m in {400, 401} else (0,)
    },
    "a broker that MSK restarts": {
        ("AWS/Kafka", "OfflinePartitionsCount", ""): lambda m: (1,) if m in {300, 301} else (0,),
        ("AWS/Kafka", "CpuIdle", ""): lambda m: (20, 95) if 300 <= m < 309 else (92, 95, 94),
    },
}


def failing(failure: str, *, since: int) -> Mapping[Key, Series]:
    """Return the metrics of a quiet shop in which the failure begins at that minute."""

    def changed(key: Key, change: Change) -> Series:
        return lambda minute: HEALTHY[key](minute) if minute < since else change(minute - since, minute)

    return {**HEALTHY, **{key: changed(key, change) for key, change in FAILURES[failure].items()}}
