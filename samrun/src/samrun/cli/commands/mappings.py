"""`samrun mappings`: lists Kafka event source mappings, and pauses, resumes and resets them."""

import argparse
import contextlib
import sys
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

from samrun.administration.group_admin import GroupAdmin
from samrun.administration.kafka_connection import kafka_connection
from samrun.administration.lambda_client import lambda_client
from samrun.administration.mapping_admin import MappingAdmin, MappingStatus
from samrun.administration.offset_choice import FORMS
from samrun.administration.stack_functions import StackFunctions
from samrun.administration.topic_admin import TopicAdmin
from samrun.cli import mapping_options
from samrun.cli.common_options import add_data_option, add_json_option
from samrun.cli.interruptible import interruptible
from samrun.cli.option_types import offset_choice
from samrun.cli.output import print_json, print_table
from samrun.cli.parser import add_word

DESCRIPTION = (
    "Lists the Kafka event source mappings of a stack: their settings as they are in effect, the offsets of the "
    "records that they read next, how far they are behind, and their state. With a further word, it pauses, resumes or "
    "resets a mapping, or runs mappings alone. Name it by its function (name, logical id or ARN), or by its UUID if "
    "the function has several."
)
EXAMPLES = (
    "samrun mappings",
    "samrun mappings --json | jq '.[] | {function, lag}'",
    "samrun mappings pause Hello",
    "samrun mappings resume Hello",
    "samrun mappings reset Hello --to earliest          # read all records again",
    "samrun mappings reset Hello --to 2026-11-30T09:00:00Z",
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command, and those of its further words."""
    add_json_option(parser)
    add_data_option(parser)
    parser.set_defaults(act=_list)
    words = parser.add_subparsers(metavar="pause|resume|reset|run")
    for word, act, text in (
        ("pause", _pause, "invoke the function no more; what it has begun is finished"),
        ("resume", _resume, "go on where the mapping was paused"),
        ("reset", _reset, "go on at other offsets; a mapping that runs is paused meanwhile"),
    ):
        action = add_word(words, word, summary=text, examples=[f"samrun mappings {word} Hello{_REST[word]}"])
        action.add_argument("name", metavar="FUNCTION|UUID", help="the mapping")
        action.set_defaults(act=act)
        add_json_option(action, nested=True)
        add_data_option(action, nested=True)
        if word == "reset":
            action.add_argument(
                "--to",
                type=partial(offset_choice, earliest="earliest", latest="latest"),
                required=True,
                metavar="earliest|latest|TIME|OFFSET",
                help=f"earliest, latest, {FORMS}, in each partition",
            )
    run_alone = add_word(
        words,
        "run",
        summary="run mappings alone, for functions that run elsewhere",
        description=mapping_options.DESCRIPTION,
        examples=mapping_options.EXAMPLES,
    )
    mapping_options.add_runner_options(run_alone)
    run_alone.set_defaults(act=_run_alone)


_REST = {"pause": "", "resume": "", "reset": " --to earliest"}


def run(options: argparse.Namespace) -> int:
    """List the mappings, change one, or run mappings alone."""
    return int(options.act(options))


def _list(options: argparse.Namespace) -> int:
    with _mappings(options) as mappings:
        return _print(mappings.statuses(), options)


def _pause(options: argparse.Namespace) -> int:
    with _mappings(options) as mappings:
        return _print([mappings.pause(options.name)], options)


def _resume(options: argparse.Namespace) -> int:
    with _mappings(options) as mappings:
        return _print([mappings.resume(options.name)], options)


def _reset(options: argparse.Namespace) -> int:
    # A mapping that was paused for the reset is resumed whatever happens.
    with _mappings(options) as mappings, interruptible():
        return _print([mappings.reset(options.name, options.to, report=partial(print, file=sys.stderr))], options)


def _run_alone(options: argparse.Namespace) -> int:
    # It brings most of samrun, which the list of the mappings need not wait for.
    from samrun.cli.mappings_run import run_mappings_until_stopped

    return run_mappings_until_stopped(options)


@contextlib.contextmanager
def _mappings(options: argparse.Namespace) -> Iterator[MappingAdmin]:
    """Yield the administration of the stack's mappings. Errors within the context are UserErrors."""
    connection = kafka_connection(None, options.data)
    client, admin = lambda_client(options.data), connection.admin()
    with connection.errors_for_people():
        functions = StackFunctions.read(options.data)
        yield MappingAdmin(client, TopicAdmin(admin), GroupAdmin(admin), admin, functions)


def _print(statuses: list[MappingStatus], options: argparse.Namespace) -> int:
    if options.json:
        print_json([_as_json(each) for each in statuses])
        return 0
    titles = ("FUNCTION", "TOPIC", "GROUP", "STATE", "POSITION", "LAG", "SETTINGS", "UUID")
    rows = [
        (each.function, each.topic, each.group, each.state, _position(each), each.lag, _settings(each), each.uuid)
        for each in statuses
    ]
    print_table(titles, rows)
    return 0


def _as_json(status: MappingStatus) -> dict[str, Any]:
    position = {str(each.partition): offset for each, offset in sorted(status.position.items())}
    return {**asdict(status), "position": position}


def _position(status: MappingStatus) -> str:
    return " ".join(f"{each.partition}@{offset}" for each, offset in sorted(status.position.items())) or "-"


def _settings(status: MappingStatus) -> str:
    """Return the settings that say how the mapping reads, in short; `--json` has all of them."""
    settings = status.settings
    parts = [str(settings.get("StartingPosition", ""))]
    for name, text in _SHORT.items():
        if settings.get(name) not in (None, -1, False, []):
            parts.append(text.format(settings[name]))
    parts += settings.get("FunctionResponseTypes") or []
    if filters := (settings.get("FilterCriteria") or {}).get("Filters"):
        parts.append(f"{len(filters)} filters")
    return ", ".join(filter(None, parts))


_SHORT = {
    "BatchSize": "batch {}",
    "MaximumBatchingWindowInSeconds": "window {} s",
    "MaximumRetryAttempts": "{} retries",
    "MaximumRecordAgeInSeconds": "age {} s",
    "BisectBatchOnFunctionError": "bisect",
}
