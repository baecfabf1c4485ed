"""Check the contract of events/: python -m tools.contract. With --publish, and nothing wrong, publish the schemas."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tools.contract.check import check_contract, publish
from tools.contract.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the contract, and publish it if asked. Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.contract", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository; this one by default")
    parser.add_argument("--publish", action="store_true", help="copy the schemas to published/, for a release")
    options = parser.parse_args(arguments)
    try:
        problems = check_contract(options.root)
    except ContractError as error:
        problems = [str(error)]
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 1
    if options.publish:
        publish(options.root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
