"""`samrun doctor`: says what keeps this machine from running a stack, and what to do."""

import argparse
from dataclasses import asdict

from samrun.administration.machine_checks import Check, check_machine
from samrun.cli.common_options import add_data_option, add_json_option
from samrun.cli.output import in_colour, print_json

DESCRIPTION = (
    "Checks Python, Java, Docker, the data folder, disk, memory and ports, and says what to do. The exit status is 1 "
    "if something keeps `samrun up` from starting; a note does not."
)
EXAMPLES = ("samrun doctor", "samrun doctor --json | jq '.[] | select(.status == \"fail\")'")
_COLOURS = {"ok": "green", "note": "yellow", "fail": "red"}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_json_option(parser)
    add_data_option(parser)


def run(options: argparse.Namespace) -> int:
    """Print each check, as soon as it is made."""
    checks = check_machine(options.data)
    if options.json:
        found = list(checks)
        print_json([asdict(each) for each in found])
    else:
        found = [_printed(each) for each in checks]
    return 1 if any(each.status == "fail" for each in found) else 0


def _printed(check: Check) -> Check:
    print(f"{in_colour(_COLOURS[check.status], f'{check.status:<5}')}  {check.name:<16}  {check.found}", flush=True)
    if check.advice:
        print(f"{'':<25}{check.advice}")
    return check
