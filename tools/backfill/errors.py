"""Errors of the tool; their messages say what to do."""

from samrun import UserError


class BackfillError(UserError):
    """The backfill cannot begin, or has stopped; the message says why, and how to go on."""
