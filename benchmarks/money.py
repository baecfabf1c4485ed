"""Cost of 1,000 orders on AWS, by what is billed: GB-seconds, requests, units. It reuses the rules of tools/cost."""

from collections.abc import Iterator
from decimal import Decimal

from tools.cost.bill import DAYS, bill
from tools.cost.declared import read_declared
from tools.cost.prices import Price, read_prices
from tools.page import markdown_table

ORDERS = 1_000
# They cost the same for one order and for a million.
_FIXED = " metrics"


def money_table() -> str:
    """Return the table: each quantity that grows with orders, and its price."""
    rows, together = [], Decimal()
    for text, quantity, price in _lines():
        usd = quantity * price.usd
        together += usd
        rows.append((text, f"{float(quantity):,.4g}", price.unit, f"{usd:.4f}"))
    head = (f"of {ORDERS:,} orders", "quantity", "unit", "USD")
    return markdown_table([head, *rows, ("**together**", "", "", f"**{together:.4f}**")], numbers=1)


def _lines() -> Iterator[tuple[str, Decimal, Price]]:
    """Yield what a day's orders add to the bill of a system without any."""
    declared, prices = read_declared(), read_prices()
    idle = {line.text: line.quantity for line in bill(declared, prices, 0)}
    for line in bill(declared, prices, ORDERS):
        added = (line.quantity - idle.get(line.text, Decimal())) / DAYS
        if added and not line.text.endswith(_FIXED):
            yield line.text, added, line.price
