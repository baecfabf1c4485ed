"""Print a month's cost: python -m tools.cost [--orders-per-day N]. --write and --check are about the page's tables."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tools.cost.bill import bill, total
from tools.cost.declared import read_declared
from tools.cost.errors import CostError
from tools.cost.prices import read_prices
from tools.cost.tables import dollars, tables
from tools.generated_file import write_or_check
from tools.page import with_tables
from tools.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = Path(__file__).parents[2] / "docs/cost.md"
DEFAULT_ORDERS_PER_DAY = 10_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the cost, or write or check the page. Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.cost", description=__doc__)
    parser.add_argument("--orders-per-day", type=int, default=DEFAULT_ORDERS_PER_DAY, metavar="N")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/cost.md")
    parser.add_argument("--check", action="store_true", help="fail if the tables in docs/cost.md are not up to date")
    options = parser.parse_args(arguments)
    try:
        return _page(check=options.check) if options.write or options.check else _print(options.orders_per_day)
    except CostError as error:
        print(error, file=sys.stderr)
        return 1


def _print(orders_per_day: int) -> int:
    prices = read_prices()
    lines = bill(read_declared(), prices, orders_per_day)
    rows = [(line.text, f"{line.quantity:,.0f}", line.price.unit, dollars(line.usd)) for line in lines]
    print(f"{orders_per_day:,} orders a day, list prices of {prices.region}, US dollars a month:\n")
    print(table([*rows, ("together", "", "", dollars(total(lines)))]))
    return 0


def _page(*, check: bool) -> int:
    generated = with_tables(PAGE.read_text(encoding="utf-8"), tables(read_declared(), read_prices()))
    return write_or_check(PAGE, generated, check=check, command="python -m tools.cost --write")


if __name__ == "__main__":
    sys.exit(main())
