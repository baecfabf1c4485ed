"""Clients of the local AWS: boto3 clients that reach it without a proxy and with its credentials."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config

from samrun.endpoints import Endpoints

# DynamoDB Local accepts letters and digits only. No local service checks the credentials.
CREDENTIALS: Mapping[str, str] = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}

_CONFIG = Config(
    proxies={},  # all are on this machine
    # An external local AWS that hangs must not hold up the end of a stack for long. A long poll of SQS takes 20 s.
    connect_timeout=5,
    read_timeout=30,
    retries={"total_max_attempts": 2},
    # Many threads share a client.
    max_pool_connections=50,
)

Clients = Callable[[str], Any]
"""Returns the boto3 client of a service, at its local endpoint. For any thread."""


def clients(endpoints: Endpoints, region: str) -> Clients:
    """Return the function that makes the boto3 clients of the local AWS, one for each service."""
    session = boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=region,
    )

    def endpoint(service: str) -> str:
        return endpoints.dynamodb if service in {"dynamodb", "dynamodbstreams"} else endpoints.aws

    return shared_clients(session, endpoint, _CONFIG)


def shared_clients(session: boto3.Session, endpoint: Callable[[str], str | None], config: Config) -> Clients:
    """Return the function that makes the boto3 clients of a session, one for each service.

    `endpoint` returns the URL of a service, or None for its own. A client may be used by several threads, but a session
    may not:
    https://docs.aws.amazon.com/boto3/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients
    """
    lock = threading.Lock()
    made: dict[str, Any] = {}

    def client(service: Any) -> Any:
        with lock:
            if service not in made:
                made[service] = session.client(service, endpoint_url=endpoint(service), config=config)
            return made[service]

    return client
