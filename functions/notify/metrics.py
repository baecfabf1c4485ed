"""Metrics: counts of results, printed for CloudWatch in its embedded metric format."""

from collections import Counter
from enum import StrEnum

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit


class Metric(StrEnum):
    """Names of the metrics. Each delivery of a record counts as one of these; one settled before counts as none."""

    SENT = "NotificationsSent"
    DEFERRED = "NotificationsDeferred"
    FAILED = "NotificationsFailed"
    """Dead-lettered records, with those that cannot be read."""
    EXPIRED = "NotificationsExpired"
    HELD = "NotificationsHeld"
    SKIPPED = "RecordsSkipped"
    UNEXPECTED = "UnexpectedErrors"
    POSSIBLE_DUPLICATE = "PossibleDuplicates"
    """Counted in addition to `SENT`."""

    DELAYED = "MailsDelayed"
    """This and those below count SES's events: those that gave a notification a new status, and those ignored."""
    SOFT_BOUNCED = "MailsSoftBounced"
    REJECTED = "MailsRejected"
    DELIVERED = "MailsDelivered"
    BOUNCED = "MailsBounced"
    COMPLAINED = "MailsComplained"
    FEEDBACK_IGNORED = "FeedbackIgnored"


class Metrics:
    """Counts of an invocation. Powertools reads the namespace and the service from the environment, once."""

    def __init__(self) -> None:
        """Begin without counts, in an instance of its own: all of Powertools' Metrics in a process share their data."""
        self._counted: list[tuple[Metric, int]] = []
        self._emf = EphemeralMetrics()

    def count(self, metric: Metric) -> None:
        """Add one to a metric."""
        self._counted.append((metric, 1))

    def expect(self, metric: Metric) -> None:
        """Count nothing yet of what should follow: so the metric has the sum 0 where it would have no data."""
        self._counted.append((metric, 0))

    def flush(self) -> None:
        """Print the counts since the last flush, in one line. Print nothing if there are none."""
        counts: Counter[Metric] = Counter()
        for metric, count in self._counted:
            counts[metric] += count
        self._counted.clear()
        if not counts:
            return
        for metric, count in counts.items():
            self._emf.add_metric(name=metric, unit=MetricUnit.Count, value=count)
        self._emf.flush_metrics()
