"""Options that several commands have."""

import argparse
from pathlib import Path

from samrun.endpoints import DATA


def add_data_option(parser: argparse.ArgumentParser, *, nested: bool = False) -> None:
    """Add the option that names the data folder of a stack.

    `nested`: the parser is that of a further word (`topics create`), where the option may stand as well as before it.
    """
    parser.add_argument(
        "--data",
        type=Path,
        default=argparse.SUPPRESS if nested else DATA,
        metavar="FOLDER",
        help=f"data folder of the stack that runs ({DATA})",
    )


def add_json_option(parser: argparse.ArgumentParser, *, nested: bool = False) -> None:
    """Add the option that asks for JSON; `nested` as for the data folder."""
    parser.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS if nested else False,
        help="print JSON, for programs; docs/commands.md has its form",
    )
