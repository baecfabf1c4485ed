"""`python -m tools.deadletters list|show|replay`: look after the records that no mail came of."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from local.errors import PlainError
from tools.deadletters import places
from tools.deadletters.box import opened
from tools.deadletters.replay import NotDoneError, replay
from tools.table import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tools.deadletters.box import Box
    from tools.deadletters.letters import Letter
    from tools.deadletters.places import Places

INTERRUPTED = 130


class UnknownLetterError(PlainError):
    """There is no dead letter with that id."""


def list_letters(found: Places) -> int:
    """Print a table without personal data."""
    with opened(found) as box:
        _print_table(box.letters)
        _warn_of(box.unreadable)
    return 0


def show(found: Places, letter_id: str) -> int:
    """Print every copy of one record, decoded. Raises UnknownLetterError."""
    with opened(found) as box:
        for letter in _chosen(box, [letter_id]):
            for copy in box.copies(letter.id):
                print(json.dumps(copy.readable(), indent=2, ensure_ascii=False))
    print("This is a customer's personal data.", file=sys.stderr)
    return 0


def replay_letters(found: Places, letter_ids: Sequence[str] | None, *, dry_run: bool) -> int:
    """Bring these records, or all, to the function again, and remove what went through. Raises UnknownLetterError.

    Returns the exit status: 1 if any is left, or was set aside anew.
    """
    with opened(found) as box:
        letters = _chosen(box, letter_ids)
        _warn_of(box.unreadable)
        _print_table([copy for letter in letters for copy in box.copies(letter.id)])
        if dry_run:
            print(f"Each would be brought to {found.function}, and removed if it goes through. Nothing was changed.")
            return 0
        gone = [letter.id for letter in letters if _goes_through(letter, box, found)]
    print(f"{len(gone)} of {len(letters)} went through.")
    again = _set_aside_again(found, gone)
    return 0 if len(gone) == len(letters) and not again else 1


def _goes_through(letter: Letter, box: Box, found: Places) -> bool:
    box.hold(letter.id)
    try:
        replay(letter, client=found.functions, function=found.function)
    except NotDoneError as error:
        print(f"{letter.id}: stays, {error}", file=sys.stderr)
        return False
    box.remove(letter.id)
    print(f"{letter.id}: went through")
    return True


def _set_aside_again(found: Places, gone: Sequence[str]) -> bool:
    """Tell of the records that the function took only to set them aside once more."""
    with opened(found) as box:
        again = [letter for letter in box.letters if letter.id in set(gone)]
    for letter in again:
        print(f"{letter.id}: was set aside again, {letter.reason}", file=sys.stderr)
    return bool(again)


def _chosen(box: Box, letter_ids: Sequence[str] | None) -> list[Letter]:
    """Return one copy of each record that is wanted, the copy with its payload if there is one."""
    known: dict[str, Letter] = {}
    for letter in box.letters:
        if letter.id not in known or known[letter.id].record is None:
            known[letter.id] = letter
    if unknown := [each for each in letter_ids or [] if each not in known]:
        raise UnknownLetterError(f"No dead letter has the id {', '.join(unknown)}: `list` shows which there are.")
    return [letter for letter in known.values() if letter_ids is None or letter.id in letter_ids]


def _print_table(letters: Iterable[Letter]) -> None:
    rows = [
        (
            each.id,
            each.topic,
            str(each.partition),
            str(each.offset),
            f"{each.when:%Y-%m-%d %H:%M:%SZ}",
            each.where,
            each.reason,
        )
        for each in letters
    ]
    if rows:
        print(table([("ID", "TOPIC", "PARTITION", "OFFSET", "WHEN", "WHERE", "REASON"), *rows]))
    else:
        print("There are no dead letters.")


def _warn_of(unreadable: Iterable[str]) -> None:
    for text in unreadable:
        print(f"{text}: left as it is.", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.deadletters", description=__doc__)
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument("--stack", help="a stack in AWS instead of the one on this machine")
    where.add_argument("--region", help="of --stack, if not the environment's")
    where.add_argument("--data", type=Path, default=Path(".local"), help="data folder of the stack on this machine")
    where.add_argument("--template", type=Path, default=Path("template.yaml"), help="template of that stack")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    commands.add_parser("list", parents=[where], help="which there are and why; no personal data")
    shown = commands.add_parser("show", parents=[where], help="one of them, with its customer's personal data")
    shown.add_argument("id", metavar="ID")
    replayed = commands.add_parser("replay", parents=[where], help="bring them to the notify function again")
    replayed.add_argument("ids", metavar="ID", nargs="*")
    replayed.add_argument("--all", action="store_true", help="all there are")
    replayed.add_argument("--dry-run", action="store_true", help="show what would be done, and change nothing")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command == "replay" and bool(options.ids) == options.all:
        parser.error("replay: name the IDs, or give --all")
    try:
        return _run(options)
    except PlainError as error:
        print(error, file=sys.stderr)
    except (BotoCoreError, ClientError) as error:
        print(f"AWS has not done what it was asked to: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 1


def _run(options: argparse.Namespace) -> int:
    if options.stack:
        found = places.deployed(options.stack, region=options.region)
    else:
        found = places.on_this_machine(options.data, options.template)
    match options.command:
        case "list":
            return list_letters(found)
        case "show":
            return show(found, options.id)
        case _:
            return replay_letters(found, None if options.all else options.ids, dry_run=options.dry_run)


if __name__ == "__main__":
    sys.exit(main())
