"""Order numbers: short names of orders, which people read out and type, such as A7YUQ-AHKC7.

A number is the beginning of the order's id, which is a hash, and a check character. So whoever has the id has the
number, and whoever has the number finds the id among the orders of a customer, or in a log, without an index. The
alphabet is that of the id (RFC 4648, base32): it has no 0, 1, 8 and 9, which look like O, I, B and g.
"""

from __future__ import annotations

import re

from functions.order.errors import OrderError

ORDER_NUMBER = "^[A-Z2-7]{5}-[A-Z2-7]{5}$"
# As people type it.
TYPED_NUMBER = "^[A-Za-z2-7]{5}-?[A-Za-z2-7]{5}$"

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PREFIX = "ord_"
_LENGTH = 9


class OrderNumberInvalidError(OrderError):
    """No order has this number, or it cannot be looked up. The message says why to the caller."""


def order_number(order_id: str) -> str:
    """Return the number of an order."""
    start = order_id.removeprefix(_PREFIX)[:_LENGTH].upper()
    return f"{start[:5]}-{start[5:]}{_check_character(start)}"


def order_id_start(number: str) -> str:
    """Return the beginning of the ids that have this number. Raises OrderNumberInvalidError."""
    if not re.fullmatch(TYPED_NUMBER, number):
        raise OrderNumberInvalidError("Input should be an order number such as A7YUQ-AHKC7")
    start, check = number[:-1].replace("-", "").upper(), number[-1].upper()
    if _check_character(start) != check:
        raise OrderNumberInvalidError("A character of the order number is wrong, or two are swapped")
    return _PREFIX + start.lower()


def _check_character(start: str) -> str:
    """Return the check character: Luhn's algorithm in base 32. It finds each wrong character and most swapped ones."""
    doubled = (_ALPHABET.index(each) * (2 - place % 2) for place, each in enumerate(reversed(start)))
    return _ALPHABET[-sum(sum(divmod(each, len(_ALPHABET))) for each in doubled) % len(_ALPHABET)]
