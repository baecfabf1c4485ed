"""Money by ISO 4217: an amount is a decimal string with exactly its currency's number of digits."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

from iso4217 import Currency

from functions.order.errors import OrderError


class UnknownCurrencyError(OrderError):
    """No currency has this code, or it has no minor unit to count in; gold (XAU) has none."""


def digits(currency: str) -> int:
    """Return how many digits an amount has after the point: two in EUR, none in JPY.

    Raises UnknownCurrencyError.
    """
    try:
        exponent = Currency(currency).exponent
    except ValueError as error:
        raise UnknownCurrencyError from error
    if exponent is None:
        raise UnknownCurrencyError
    return int(exponent)


def codes_by_digits() -> dict[int, list[str]]:
    """Return the codes of all currencies that an amount can be in, by their number of digits."""
    currencies = sorted((each.exponent, each.code) for each in Currency if each.exponent is not None)
    return {exponent: [code for _, code in group] for exponent, group in groupby(currencies, key=itemgetter(0))}
