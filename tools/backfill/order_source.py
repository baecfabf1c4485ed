"""Source of a backfill: the table of orders of a stack and the brokers that it uses, on this machine or in AWS.

Both are what the relay uses, so they are read from its environment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import boto3

from functions.order.producer.authentication import authentication_by
from functions.order.producer.kafka_publisher import KafkaPublisher, NotPublishedError, producer_factory
from functions.order.settings import RelaySettings
from samrun import Endpoints, load_application
from tools.backfill.errors import BackfillError
from tools.deadletters.locations import local_dynamodb
from tools.stack_outputs import stack_outputs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from functions.order.settings import KafkaSettings

RELAY = "RelayFunction"  # its logical id in template.yaml
_RELAY_NAME = "RelayFunctionName"  # an output of template.yaml
# Nobody waits for a page: a slow broker gets more time than in a request. In seconds.
SEND_BUDGET = 30.0


@dataclass(frozen=True, kw_only=True)
class OrderSource:
    """The table, and how to reach the brokers; `secrets` makes a client of Secrets Manager."""

    dynamodb: DynamoDBClient
    table: str
    kafka: KafkaSettings
    secrets: Callable[[], SecretsManagerClient]

    def publisher(self, topic: str) -> KafkaPublisher:
        """Connect to the brokers, and return a publisher to that topic. Raises BackfillError."""
        kafka = self.kafka
        if topic == kafka.topic:
            raise BackfillError(
                f"{topic} is the topic of the order events, which every consumer reads. Name a topic of its own, such"
                f" as {topic}-backfill, and have the new consumer read that one."
            )
        authentication = authentication_by(
            kafka.authentication,
            secret_arn=kafka.secret_arn,
            ca_secret_arn=kafka.ca_secret_arn,
            client=self.secrets,
        )
        connect = producer_factory(servers=kafka.servers, authentication=authentication, budget=SEND_BUDGET)
        publisher = KafkaPublisher(topic=topic, connect=connect, budget=SEND_BUDGET, pause=0)
        try:
            publisher.warm_up()
        except NotPublishedError as error:
            raise BackfillError(
                f"The topic {topic} cannot be reached at {kafka.servers}: {error}. Does it exist? Give it as many"
                f" partitions as {kafka.topic} has; docs/replay.md has the command."
            ) from error
        return publisher


def on_this_machine(data: Path, template_path: Path) -> OrderSource:
    """Return the source of the stack that runs on a data folder. Raises UserError."""
    endpoints = Endpoints.read(data)
    application = load_application(template_path, endpoints=endpoints)
    environments = {function.name: function.environment for function in application.functions}
    if RELAY not in environments:
        raise BackfillError(f"{template_path} declares no {RELAY}, of which the table and the brokers are.")
    settings = RelaySettings.from_environment(environments[RELAY])
    return OrderSource(
        dynamodb=local_dynamodb(data),
        table=settings.table,
        # The listener without a password, whatever the parameters of the template say.
        kafka=replace(settings.kafka, servers=endpoints.kafka, authentication="none"),
        secrets=partial(boto3.client, "secretsmanager"),
    )


def deployed(stack: str, *, region: str | None) -> OrderSource:
    """Return the source of a CloudFormation stack, by the environment's credentials. Raises UserError."""
    session = boto3.Session(region_name=region)
    relay = stack_outputs(session, stack, {_RELAY_NAME})[_RELAY_NAME]
    configuration = session.client("lambda").get_function_configuration(FunctionName=relay)
    settings = RelaySettings.from_environment(configuration.get("Environment", {}).get("Variables", {}))
    return OrderSource(
        dynamodb=session.client("dynamodb"),
        table=settings.table,
        kafka=settings.kafka,
        secrets=partial(session.client, "secretsmanager"),
    )
