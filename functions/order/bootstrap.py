"""Builds what order and relay both need, as the environment says."""

from __future__ import annotations

import os
from functools import partial

import boto3

from functions.order.authentication import login
from functions.order.publisher import PAUSE_AFTER_FAILURE, SEND_BUDGET, KafkaPublisher, producer_factory
from functions.order.secrets import SECRETS_CONFIG


def kafka_publisher(*, budget: float = SEND_BUDGET, pause: float = PAUSE_AFTER_FAILURE) -> KafkaPublisher:
    """The publisher of orders' events; budget and pause are in seconds."""
    return KafkaPublisher(
        topic=os.environ["ORDER_EVENTS_TOPIC"],
        connect=producer_factory(
            servers=os.environ["KAFKA_BOOTSTRAP_SERVERS"],
            login=login(
                os.environ["KAFKA_AUTHENTICATION"],
                secret_arn=os.environ["KAFKA_SECRET_ARN"],
                ca_secret_arn=os.environ["KAFKA_CA_SECRET_ARN"],
                client=partial(boto3.client, "secretsmanager", config=SECRETS_CONFIG),
            ),
            budget=budget,
        ),
        budget=budget,
        pause=pause,
    )
