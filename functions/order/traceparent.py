"""The W3C trace context that an order carries from its request into its events."""

from __future__ import annotations

import re
import secrets

_VALID = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def continue_or_start(header: str | None) -> str:
    """The caller's `traceparent` if it is valid, a new one if not."""
    if header is not None and _VALID.fullmatch(header):
        return header
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
