"""Bootstrap: builds each function's objects from its settings, and each of them once in an environment.

The imports stand in the factories: the feedback and the history function start without the templates' libraries.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import boto3

from functions.notify import aws_clients
from functions.notify.settings import FeedbackSettings, HistorySettings, NotifySettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

    from functions.notify.channels.channels import Channel, MailChannel, SmsChannel
    from functions.notify.channels.connections import Connections
    from functions.notify.channels.rate_limiter import RateLimiter
    from functions.notify.feedback.delivery_status import DeliveryStatusStore
    from functions.notify.ledger.queries import LedgerQueries
    from functions.notify.messages.messages import Messages
    from functions.notify.metrics import Metrics
    from functions.notify.notifying.notifier import Notifier


def clock() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@cache
def notify_settings() -> NotifySettings:
    """Read the settings of the notify function."""
    return NotifySettings.from_environment(os.environ)


@cache
def feedback_settings() -> FeedbackSettings:
    """Read the settings of the feedback function."""
    return FeedbackSettings.from_environment(os.environ)


@cache
def history_settings() -> HistorySettings:
    """Read the settings of the history function."""
    return HistorySettings.from_environment(os.environ)


@cache
def dynamodb() -> DynamoDBClient:
    """Make the client of DynamoDB."""
    return boto3.client("dynamodb", config=aws_clients.SHORT_TIMEOUT_CONFIG)


@cache
def ses() -> SESV2Client:
    """Make the client of SES."""
    return boto3.client("sesv2", config=aws_clients.NO_RETRY_CONFIG)


@cache
def sns() -> SNSClient:
    """Make the client of SNS."""
    return boto3.client("sns", config=aws_clients.NO_RETRY_CONFIG)


@cache
def sqs() -> SQSClient:
    """Make the client of SQS."""
    return boto3.client("sqs", config=aws_clients.SHORT_TIMEOUT_CONFIG)


@cache
def metrics() -> Metrics:
    """Make the counts of an invocation."""
    from functions.notify.metrics import Metrics

    return Metrics()


@cache
def connections() -> Connections:
    """Make the connections for sends."""
    from functions.notify.channels.connections import Connections

    clients = [ses(), sns()] if notify_settings().sends_text_messages else [ses()]
    return Connections(clients, clock=clock)


@cache
def messages() -> Messages:
    """Compile the messages."""
    from functions.notify.messages.messages import Messages

    settings = notify_settings()
    return Messages(
        shop_name=settings.shop_name,
        shop_url=settings.shop_url,
        text_messages=settings.sends_text_messages,
        support_address=settings.support_address.addr_spec if settings.support_address else "",
    )


@cache
def mail_channel() -> MailChannel:
    """Build the channel for mail."""
    from functions.notify.channels.channels import MailChannel
    from functions.notify.channels.circuit_breaker import CircuitBreaker
    from functions.notify.channels.mailer import Mailer

    settings = notify_settings()
    mailer = Mailer(
        client=ses(),
        sender=settings.sender,
        configuration_set=settings.configuration_set,
        clock=clock,
        reply_to=settings.support_address,
    )
    return MailChannel(
        messages=messages(),
        mailer=mailer,
        rate_limiter=_rate_limiter(settings.mails_per_second),
        circuit_breaker=CircuitBreaker(),
    )


@cache
def sms_channel() -> SmsChannel:
    """Build the channel for text messages."""
    from functions.notify.channels.channels import SmsChannel
    from functions.notify.channels.circuit_breaker import CircuitBreaker
    from functions.notify.channels.sms import SmsSender

    settings = notify_settings()
    return SmsChannel(
        messages=messages(),
        sms_sender=SmsSender(client=sns(), sender_id=settings.text_sender_id),
        rate_limiter=_rate_limiter(settings.texts_per_second),
        circuit_breaker=CircuitBreaker(),
    )


@cache
def channels() -> Sequence[Channel]:
    """Build the channels that this deployment sends over; messages() chooses among the same."""
    return [mail_channel(), sms_channel()] if notify_settings().sends_text_messages else [mail_channel()]


def _rate_limiter(account_rate: float) -> RateLimiter:
    """Make the rate limit of one environment: all together stay below the rate of the account."""
    from functions.notify.channels.rate_limiter import RateLimiter

    return RateLimiter(account_rate / notify_settings().max_environments)


@cache
def notifier() -> Notifier:
    """Build the notifier."""
    from functions.notify.dead_letters import DeadLetters
    from functions.notify.ledger.batch_writer import BatchWriter
    from functions.notify.ledger.ledger import Ledger
    from functions.notify.notifying.notifier import Notifier

    settings = notify_settings()
    return Notifier(
        ledger=Ledger(client=dynamodb(), table=settings.notifications_table, batch_writer=BatchWriter(dynamodb())),
        messages=messages(),
        channels={channel.name: channel for channel in channels()},
        dead_letters=DeadLetters(client=sqs(), queue_url=settings.dead_letter_queue_url),
        metrics=metrics(),
        max_age=settings.max_age,
        unknown_policy=settings.unknown_policy,
        clock=clock,
    )


@cache
def delivery_status_store() -> DeliveryStatusStore:
    """Build the store of delivery statuses, for the feedback function."""
    from functions.notify.feedback.delivery_status import DeliveryStatusStore

    return DeliveryStatusStore(client=dynamodb(), table=feedback_settings().notifications_table)


@cache
def ledger_queries() -> LedgerQueries:
    """Build the queries of the ledger, for the history function."""
    from functions.notify.ledger.queries import LedgerQueries

    return LedgerQueries(client=dynamodb(), table=history_settings().notifications_table, clock=clock)
