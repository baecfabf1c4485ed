"""Services that a stack starts: their versions, and their addresses, for tests of a project's compose.yaml."""

from samrun.services import dynamodb, kafka
from samrun.settings import CONTAINER_KAFKA_PORT
from samrun.supervision.docker import HOST_NAME
from samrun.supervision.ports import LOOPBACK

__all__ = ["CONTAINER_KAFKA_PORT", "DYNAMODB_VERSION", "HOST_NAME", "KAFKA_VERSION", "LOOPBACK"]

# A program is `group:name:version`; several artifacts are joined by `+`.
KAFKA_VERSION = kafka.PROGRAM.split("+")[0].rpartition(":")[2]
DYNAMODB_VERSION = dynamodb.PROGRAM.rpartition(":")[2]
