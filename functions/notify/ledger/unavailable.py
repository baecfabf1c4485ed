"""Error of all that read and write the ledger, apart: history and feedback start without the code that claims."""

from functions.notify.errors import NotifyError


class LedgerUnavailableError(NotifyError):
    """DynamoDB has not read or written, or has not said so; the message is the code of its error."""
