"""Mails in a store, for tests that look at all of them."""

from samrun.services.mail_store import Mail, MailStore


def mails_in(store: MailStore) -> list[Mail]:
    """Return all mails, newest first."""
    return [store.envelope(entry) for entry in store.entries()]
