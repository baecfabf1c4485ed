"""The console: the inbox of the mails that were sent, as a page and as Mailpit's REST API."""

from local.console.app import console

__all__ = ["console"]
