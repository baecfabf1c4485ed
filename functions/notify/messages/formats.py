"""Formats of money and time in a customer's language."""

import re
from datetime import UTC
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import parse_pattern
from pydantic import TypeAdapter, ValidationError

from functions.notify.errors import NotifyError
from functions.notify.timestamps import OUT_OF_RANGE, Moment

AMOUNT = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,6})?")  # the largest order has 18 digits before the point
CURRENCY = re.compile(r"[A-Z]{3}")

# By the type of Pydantic's error.
TIME_PROBLEMS = {
    "timezone_aware": "a time has no offset from UTC",
    OUT_OF_RANGE: "a time is before the year 1 or after 9999 in UTC",
}

_MOMENT = TypeAdapter(Moment)


class FormatError(NotifyError, ValueError):
    """A value is not of its kind. The message names the kind, such as an amount, and not the value."""


def parse_amount(text: Any) -> Decimal:
    """Parse an amount of money, such as "12.50". Raises FormatError."""
    if not isinstance(text, str) or not AMOUNT.fullmatch(text):
        raise FormatError("an amount is not a decimal string such as 12.50")
    return Decimal(text)


def multiply(amount: Any, quantity: Any) -> str:
    """Multiply an amount by a quantity: "12.50" and 2 give "25.00". Raises FormatError."""
    if type(quantity) is not int:  # a bool is an int, too
        raise FormatError("a quantity is not a whole number")
    return str(parse_amount(amount) * quantity)


def money(amount: Any, currency: Any, locale: Locale) -> str:
    """Format an amount with its currency: "25.00" and "EUR" give €25.00 in English. Raises FormatError.

    The amount keeps its own digits after the point: CLDR and ISO 4217 disagree about those of a currency.
    """
    if not isinstance(currency, str) or not CURRENCY.fullmatch(currency):
        raise FormatError("a currency is not a code of ISO 4217 such as EUR")
    parse_amount(amount)
    return _written(amount, currency, locale)


@lru_cache(maxsize=1000)  # a mail has most of its amounts two or three times
def _written(amount: str, currency: str, locale: Locale) -> str:
    pattern = parse_pattern(locale.currency_formats["standard"].pattern)
    digits = len(amount.partition(".")[2])
    pattern.frac_prec = (digits, digits)
    written = pattern.apply(
        Decimal(amount), locale, currency=currency, currency_digits=False, decimal_quantization=False
    )
    # CLDR puts a space after a currency that has no sign, as in CHF 25.00. Babel leaves it out.
    return re.sub(r"(?<=[A-Z])(?=[0-9])", "\N{NO-BREAK SPACE}", written)


def date_time(timestamp: Any, locale: Locale) -> str:
    """Format a timestamp of RFC 3339 to the minute, in UTC and with that name. Raises FormatError."""
    try:
        moment = _MOMENT.validate_python(timestamp)
    except ValidationError as error:
        problem = TIME_PROBLEMS.get(error.errors()[0]["type"], "a time is not a timestamp of RFC 3339")
        raise FormatError(problem) from None
    date = format_date(moment, "long", locale)
    return f"{date}, {format_time(moment, 'short', tzinfo=UTC, locale=locale)} UTC"


def spread(left: str, right: str, width: int = 72) -> str:
    """Put two texts at the two ends of a line of plain text."""
    return left + right.rjust(max(width - len(left), len(right) + 2))
