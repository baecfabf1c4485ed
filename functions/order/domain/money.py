"""Money of ISO 4217: amounts are decimal strings with exactly their currency's number of digits."""

from __future__ import annotations

from iso4217 import Currency


class UnknownCurrencyError(Exception):
    """No currency has this code, or it has no minor unit to count in, as gold (XAU) has none."""


def digits(currency: str) -> int:
    """How many digits its amounts have after the point: EUR two, JPY none.

    Raises UnknownCurrencyError.
    """
    try:
        exponent = Currency(currency).exponent
    except ValueError as error:
        raise UnknownCurrencyError from error
    if exponent is None:
        raise UnknownCurrencyError
    return int(exponent)
