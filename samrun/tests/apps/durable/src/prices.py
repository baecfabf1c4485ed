"""Price of a thing."""

PRICES = {"apple": 3}


def handler(event: dict[str, str], _context: object) -> dict[str, int]:
    """Return the price."""
    return {"price": PRICES[event["thing"]]}
