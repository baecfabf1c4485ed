"""Counts what becomes of records and prints it for CloudWatch, in its embedded metric format."""

from collections import Counter
from enum import StrEnum

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit


class Metric(StrEnum):
    """What is counted: a record counts as one of these each time that it is brought, as none if settled before."""

    SENT = "NotificationsSent"
    DEFERRED = "NotificationsDeferred"
    FAILED = "NotificationsFailed"
    """Put into the dead letters, the records that cannot be read among them."""
    EXPIRED = "NotificationsExpired"
    HELD = "NotificationsHeld"
    SKIPPED = "RecordsSkipped"
    UNEXPECTED = "UnexpectedErrors"
    POSSIBLE_DUPLICATE = "PossibleDuplicates"
    """Counts beside `SENT`."""

    DELAYED = "MailsDelayed"
    """This and those below count SES's events: what gave a notification another status, and what did nothing."""
    SOFT_BOUNCED = "MailsSoftBounced"
    REJECTED = "MailsRejected"
    DELIVERED = "MailsDelivered"
    BOUNCED = "MailsBounced"
    COMPLAINED = "MailsComplained"
    FEEDBACK_IGNORED = "FeedbackIgnored"


class NoNamespaceError(Exception):
    """The environment names no namespace for the metrics."""


class Metrics:
    """The counts of an invocation. Powertools reads their namespace and service from the environment, once."""

    def __init__(self) -> None:
        """Raise NoNamespaceError at once: Powertools would do it after the first batch, whose mails are sent."""
        self._counted: list[Metric] = []
        self._emf = EphemeralMetrics()  # of its own: all of Powertools' Metrics in a process share what they hold
        if not self._emf.namespace:
            raise NoNamespaceError("POWERTOOLS_METRICS_NAMESPACE is not set: declare it in the function's environment.")

    def count(self, metric: Metric) -> None:
        """Add one to a metric."""
        self._counted.append(metric)

    def flush(self) -> None:
        """Print what was counted since the last time, in one line, if it was anything."""
        counts = Counter(self._counted)
        self._counted.clear()
        if not counts:
            return
        for metric, count in counts.items():
            self._emf.add_metric(name=metric, unit=MetricUnit.Count, value=count)
        self._emf.flush_metrics()
