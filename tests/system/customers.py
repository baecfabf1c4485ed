"""Customers with unmistakable names, and a search for their data in places where it must not be."""

import base64
import re
from collections.abc import Iterable
from itertools import chain

_NAME, _DOMAIN, _PHONE = "Quixley", "customers-of-the-tests.example", "+49152078"
_MOST = 100_000


def customer(number: int) -> dict[str, str]:
    """Return the customer of an order: below 100,000, each number is somebody else."""
    assert number < _MOST
    return {
        "id": f"cus_{number}",
        "name": f"Victoria{number} {_NAME}",
        "email": address(number),
        "phone": f"{_PHONE}{number:05}",
    }


def address(number: int) -> str:
    """Return the mail address of this customer."""
    return f"v{number}@{_DOMAIN}"


def personal_data_in(texts: Iterable[str]) -> list[str]:
    """Return every line that contains a customer's name, address or number, in plain text or in base64."""
    return [line for line in chain.from_iterable(map(str.splitlines, texts)) if _TRACES.search(line)]


def _in_base64(text: str) -> list[str]:
    """Return what base64 makes of a text inside another one: it depends on where in three bytes it begins."""
    inner = []
    for ahead in range(3):
        encoded = base64.b64encode(b"-" * ahead + text.encode()).rstrip(b"=").decode()
        # The first and the last characters depend on the neighbours, too.
        inner.append(encoded[4 if ahead else 0 : -2])
    return inner


_TRACES = re.compile(
    "|".join(
        chain(
            (f"(?i:{re.escape(text)})" for text in (_NAME, _DOMAIN, _PHONE, _PHONE.removeprefix("+"))),
            map(re.escape, chain.from_iterable(map(_in_base64, (_NAME, _DOMAIN, _PHONE)))),
        )
    )
)
