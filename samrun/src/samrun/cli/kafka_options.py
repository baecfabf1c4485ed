"""Options that say which Kafka a command uses."""

import argparse

from samrun.administration.kafka_connection import KafkaConnection, kafka_connection
from samrun.cli.common_options import add_data_option
from samrun.cli.option_types import bootstrap_servers


def add_kafka_options(parser: argparse.ArgumentParser, *, nested: bool = False) -> None:
    """Add the options that say which Kafka a command uses.

    `nested`: the parser is that of a further word (`topics create`), where the options may stand as well as before it.
    """
    add_data_option(parser, nested=nested)
    parser.add_argument(
        "--bootstrap-servers",
        dest="bootstrap",
        default=argparse.SUPPRESS if nested else None,
        type=bootstrap_servers,
        metavar="HOST:PORT,…",
        help="use the brokers at this address, and no stack; at a listener of the stack with TLS, its own credentials",
    )


def connect(options: argparse.Namespace) -> KafkaConnection:
    """Return the connection that the Kafka options name. Raises NoStackError and KafkaUnreachableError."""
    return kafka_connection(options.bootstrap, options.data)
