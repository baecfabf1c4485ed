"""`samrun topics`: lists topics, and creates, grows and deletes them."""

import argparse
import sys
from dataclasses import asdict

from samrun.administration.topic_admin import TopicAdmin, TopicSummary
from samrun.cli.common_options import add_json_option
from samrun.cli.kafka_options import add_kafka_options, connect
from samrun.cli.option_types import positive_number
from samrun.cli.output import print_json, print_table
from samrun.cli.parser import add_word
from samrun.errors import UserError
from samrun.settings import PARTITIONS

DESCRIPTION = (
    "Lists the topics, with the number of their partitions and records, and how far each consumer group is behind. "
    "With a further word, it creates, grows or deletes a topic."
)
EXAMPLES = (
    "samrun topics",
    "samrun topics --json | jq '.[].name'",
    "samrun topics create orders --partitions 6 --config cleanup.policy=compact",
    "samrun topics grow orders 12",
    "samrun topics delete orders --yes",
    "samrun topics --bootstrap-servers localhost:9092",
)


class NotConfirmedError(UserError):
    """Nobody confirmed that a topic may be deleted."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command, and those of its further words."""
    add_json_option(parser)
    add_kafka_options(parser)
    parser.set_defaults(act=_list)
    words = parser.add_subparsers(metavar="create|grow|delete")
    create = add_word(words, "create", summary="create a topic", examples=EXAMPLES[2:3])
    create.add_argument("topic", metavar="NAME", help="the topic")
    create.add_argument(
        "--partitions", type=positive_number, default=PARTITIONS, metavar="NUMBER", help=f"({PARTITIONS})"
    )
    create.add_argument(
        "--config",
        action="append",
        type=_config,
        default=[],
        metavar="NAME=VALUE",
        help="a setting of Kafka for the topic, such as retention.ms=1000; repeat for several",
    )
    create.set_defaults(act=_create)
    grow = add_word(words, "grow", summary="add partitions to a topic", examples=EXAMPLES[3:4])
    grow.add_argument("topic", metavar="NAME", help="the topic")
    grow.add_argument("partitions", type=positive_number, metavar="NUMBER", help="how many it has then")
    grow.set_defaults(act=_grow)
    delete = add_word(words, "delete", summary="delete a topic with its records", examples=EXAMPLES[4:5])
    delete.add_argument("topic", metavar="NAME", help="the topic")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    delete.set_defaults(act=_delete)
    for action in (create, grow, delete):
        add_kafka_options(action, nested=True)


def run(options: argparse.Namespace) -> int:
    """List the topics, or change one."""
    connection = connect(options)
    admin = connection.admin()
    with connection.errors_for_people():
        options.act(TopicAdmin(admin), options)
    return 0


def _list(topics: TopicAdmin, options: argparse.Namespace) -> None:
    summaries = topics.summaries()
    if options.json:
        print_json([asdict(each) for each in summaries])
    else:
        rows = [(each.name, each.partitions, each.records, _lags(each)) for each in summaries]
        print_table(("TOPIC", "PARTITIONS", "RECORDS", "LAG OF GROUPS"), rows)


def _lags(topic: TopicSummary) -> str:
    return ", ".join(f"{group}: {lag}" for group, lag in topic.lag.items()) or "-"


def _create(topics: TopicAdmin, options: argparse.Namespace) -> None:
    topics.create(options.topic, partitions=options.partitions, configs=dict(options.config))
    print(f"Created the topic {options.topic}, {options.partitions} partitions.")


def _grow(topics: TopicAdmin, options: argparse.Namespace) -> None:
    topics.grow(options.topic, partitions=options.partitions)
    print(f"The topic {options.topic} has {options.partitions} partitions.")


def _delete(topics: TopicAdmin, options: argparse.Namespace) -> None:
    topics.partitions(options.topic)
    if not options.yes:
        _confirm(options.topic)
    topics.delete(options.topic)
    print(f"Deleted the topic {options.topic}.")


def _confirm(topic: str) -> None:
    """Ask for the name of the topic. Raises NotConfirmedError unless it is entered."""
    if not sys.stdin.isatty():
        raise NotConfirmedError(f"Nobody can confirm that the topic {topic} is deleted: give --yes.")
    entered = input(f"This deletes the topic {topic} with all its records. Enter its name to go on: ")
    if entered.strip() != topic:
        raise NotConfirmedError(f"The topic {topic} stays.")


def _config(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not a setting: write NAME=VALUE")
    return name, value
