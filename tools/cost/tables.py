"""Tables of docs/cost.md."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from tools.cost.bill import bill, kafka_choices, text_messages, tokens, total
from tools.page import markdown_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.cost.declared import Declared
    from tools.cost.prices import PriceList

LOADS = (0, 10_000, 1_000_000)  # orders a day
HOURS_OF_A_DAY = 24


def tables(declared: Declared, prices: PriceList) -> Mapping[str, str]:
    """Return each table of the page by its name."""
    return {
        "loads": _loads(declared, prices),
        "kafka": _kafka(declared, prices),
        "text-messages": _text_messages(prices),
        "tokens": _tokens(prices),
        "prices": _prices(prices),
    }


def dollars(amount: Decimal) -> str:
    """Return an amount in whole dollars; a smaller one with its cents."""
    if 0 < amount < 1:
        return f"{max(amount.quantize(Decimal('0.01'), ROUND_HALF_UP), Decimal('0.01'))}"
    return f"{amount.quantize(Decimal(1), ROUND_HALF_UP):,}"


def _loads(declared: Declared, prices: PriceList) -> str:
    bills = [{_kind(line.text): line for line in bill(declared, prices, load)} for load in LOADS]
    rows = [(name, *(dollars(each[name].usd) for each in bills)) for name in bills[0]]
    sums = ["**together**", *(f"**{dollars(total(each.values()))}**" for each in bills)]
    head = ("USD a month", "idle", *(f"{load:,} orders a day" for load in LOADS[1:]))
    return markdown_table([head, *rows, sums], numbers=len(LOADS))


def _kind(text: str) -> str:
    """Return the text of a line for all loads: the number of metrics depends on the load."""
    return "metrics" if text.endswith(" metrics") and not text.startswith("alarms") else text


def _kafka(declared: Declared, prices: PriceList) -> str:
    choices = [dict(kafka_choices(declared, prices, load)) for load in LOADS]
    rows = [(name, *(dollars(each[name]) for each in choices)) for name in choices[0]]
    head = ("USD a month", "idle", *(f"{load:,} orders a day" for load in LOADS[1:]))
    return markdown_table([head, *rows], numbers=len(LOADS))


def _text_messages(prices: PriceList) -> str:
    rows = [
        (f"{load:,}", *(dollars(amount) for amount in text_messages(prices, load)), dollars(_mails(prices, load)))
        for load in LOADS[1:]
    ]
    head = ("text messages a day", "lowest price, USD a month", "highest price", "the same number of mails")
    return markdown_table([head, *rows], numbers=3)


def _mails(prices: PriceList, mails_per_day: int) -> Decimal:
    return mails_per_day * prices["ses_mail_essentials"].usd * 730 / HOURS_OF_A_DAY


def _tokens(prices: PriceList) -> str:
    rows = [
        ("one checkout that keeps its token for the hour that it is valid", f"{HOURS_OF_A_DAY}"),
        ("ten of them", f"{10 * HOURS_OF_A_DAY}"),
        ("a checkout that gets a token for each of 10,000 orders", "10,000"),
    ]
    body = [(who, count, dollars(tokens(prices, int(count.replace(",", ""))))) for who, count in rows]
    return markdown_table([("who asks Cognito", "tokens a day", "USD a month"), *body], numbers=2)


def _prices(prices: PriceList) -> str:
    by_page = groupby(sorted(prices.prices.items(), key=lambda entry: entry[1].source), lambda entry: entry[1].source)
    rows = [
        (f"`{name}`", _plain(price.usd), price.unit, price.read, f"[page]({page})")
        for page, entries in by_page
        for name, price in entries
    ]
    return markdown_table([("price", "USD", "for one", "read", "source"), *rows])


def _plain(usd: Decimal) -> str:
    """Return a price without an exponent and without zeros that say nothing."""
    text = f"{usd:f}"
    return text if usd >= 1 else text.rstrip("0")
