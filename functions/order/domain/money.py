"""Money by ISO 4217: an amount is a decimal string with exactly its currency's number of digits."""

from __future__ import annotations

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
