"""A handler that could store orders and produce events: the clients of the functions order and relay."""

from typing import Any

import boto3
from kafka import KafkaProducer

dynamodb = boto3.client("dynamodb")
connect = KafkaProducer


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer nothing."""
    return {}
