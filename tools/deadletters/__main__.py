"""`python -m tools.deadletters list|show|replay`: list, show and replay the records that notify could not process."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from samrun import UserError
from tools.deadletters import locations
from tools.deadletters.dead_letter_store import open_store
from tools.deadletters.replay import ReplayError, replay
from tools.table import table

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from tools.deadletters.dead_letter import DeadLetter
    from tools.deadletters.dead_letter_store import DeadLetterStore
    from tools.deadletters.locations import Locations

INTERRUPTED = 130


class UnknownDeadLetterError(UserError):
    """No dead letter has that id."""


def list_dead_letters(found: Locations) -> int:
    """Print a table of all dead letters, without personal data; return the exit status."""
    with open_store(found) as store:
        _print_table(store.dead_letters)
        _warn_about(store.unreadable)
    return 0


def show(found: Locations, dead_letter_id: str) -> int:
    """Print every copy of one record, decoded. Return the exit status. Raises UnknownDeadLetterError."""
    with open_store(found) as store:
        for dead_letter in _choose(store, [dead_letter_id]):
            for copy in store.copies(dead_letter.id):
                print(json.dumps(copy.readable(), indent=2, ensure_ascii=False))
    print("This is a customer's personal data.", file=sys.stderr)
    return 0


def replay_dead_letters(found: Locations, ids: Sequence[str] | None, *, dry_run: bool) -> int:
    """Replay these records, or all, and remove each that the function is done with. Raises UnknownDeadLetterError.

    A record went through if the function is done with it and did not dead-letter it again. Return the exit status: 0 if
    all went through.
    """
    with open_store(found) as store:
        chosen = _choose(store, ids)
        _warn_about(store.unreadable)
        _print_table([copy for each in chosen for copy in store.copies(each.id)])
        if dry_run:
            print(
                f"A replay would send each to {found.function}, and remove those it is done with. Nothing was changed."
            )
            return 0
        done = {each.id for each in chosen if _replay_and_remove(each, store, found)}
    went_through = done - _report_dead_lettered_again(found, done)
    print(f"{len(went_through)} of {len(chosen)} went through.")
    return 0 if len(went_through) == len(chosen) else 1


def _replay_and_remove(dead_letter: DeadLetter, store: DeadLetterStore, found: Locations) -> bool:
    store.hold(dead_letter.id)
    try:
        replay(dead_letter, client=found.functions, function=found.function)
    except ReplayError as error:
        print(f"{dead_letter.id}: stays a dead letter, {error}", file=sys.stderr)
        return False
    store.remove(dead_letter.id)
    print(f"{dead_letter.id}: {found.function} is done with it")
    return True


def _report_dead_lettered_again(found: Locations, done: Container[str]) -> set[str]:
    """Report the records that the function was done with because it dead-lettered them again; return their ids."""
    with open_store(found) as store:
        dead_lettered = [each for each in store.dead_letters if each.id in done]
    for each in dead_lettered:
        print(f"{each.id}: dead-lettered again, {each.reason}", file=sys.stderr)
    return {each.id for each in dead_lettered}


def _choose(store: DeadLetterStore, ids: Sequence[str] | None) -> list[DeadLetter]:
    """Return one copy of each requested record, with its payload if any copy has it. Raises UnknownDeadLetterError."""
    known: dict[str, DeadLetter] = {}
    for each in store.dead_letters:
        if each.id not in known or known[each.id].record is None:
            known[each.id] = each
    if unknown := [each for each in ids or [] if each not in known]:
        raise UnknownDeadLetterError(f"No dead letter has the id {', '.join(unknown)}. `list` shows the ids.")
    return [each for each in known.values() if ids is None or each.id in ids]


def _print_table(dead_letters: Iterable[DeadLetter]) -> None:
    rows = [
        (
            each.id,
            each.order_number,
            each.topic,
            str(each.partition),
            str(each.offset),
            f"{each.when:%Y-%m-%d %H:%M:%SZ}",
            each.where,
            each.reason,
        )
        for each in dead_letters
    ]
    if rows:
        print(table([("ID", "ORDER", "TOPIC", "PARTITION", "OFFSET", "WHEN", "WHERE", "REASON"), *rows]))
    else:
        print("There are no dead letters.")


def _warn_about(unreadable: Iterable[str]) -> None:
    for text in unreadable:
        print(f"{text}: not changed.", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.deadletters", description=__doc__)
    stack = argparse.ArgumentParser(add_help=False)
    stack.add_argument("--stack", help="name of a stack in AWS, instead of the one on this machine")
    stack.add_argument("--region", help="region of --stack, if not the environment's")
    stack.add_argument("--data", type=Path, default=Path(".local"), help="data folder of the stack on this machine")
    stack.add_argument("--template", type=Path, default=Path("template.yaml"), help="template of that stack")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    commands.add_parser("list", parents=[stack], help="list the dead letters with their reasons, no personal data")
    shown = commands.add_parser("show", parents=[stack], help="show one, with its customer's personal data")
    shown.add_argument("id", metavar="ID")
    replayed = commands.add_parser("replay", parents=[stack], help="send them to the notify function again")
    replayed.add_argument("ids", metavar="ID", nargs="*")
    replayed.add_argument("--all", action="store_true", help="replay all dead letters")
    replayed.add_argument("--dry-run", action="store_true", help="show what a replay would do, and change nothing")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command == "replay" and bool(options.ids) == options.all:
        parser.error("replay: name the IDs, or give --all")
    try:
        return _run(options)
    except UserError as error:
        print(error, file=sys.stderr)
    except (BotoCoreError, ClientError) as error:
        print(f"AWS refused a request: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 1


def _run(options: argparse.Namespace) -> int:
    if options.stack:
        found = locations.deployed(options.stack, region=options.region)
    else:
        found = locations.on_this_machine(options.data, options.template)
    match options.command:
        case "list":
            return list_dead_letters(found)
        case "show":
            return show(found, options.id)
        case _:
            return replay_dead_letters(found, None if options.all else options.ids, dry_run=options.dry_run)


if __name__ == "__main__":
    sys.exit(main())
