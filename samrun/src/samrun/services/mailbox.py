"""Mailbox in a header or an envelope of a mail: `Ada Lovelace <ada@example.com>`. Any text is one."""

from email.utils import parseaddr

# Longer ones are no mailbox, and email.utils takes quadratic time for some of them.
_MAX_LENGTH = 1000


def split_mailbox(text: str) -> tuple[str, str]:
    """Return the name and the address in a text with one mailbox; the text is the address if Python finds none."""
    try:
        name, found = parseaddr(text[:_MAX_LENGTH])
    except Exception:  # noqa: BLE001 - a stranger wrote the text; many brackets are a RecursionError
        return "", text
    return name, found or text
