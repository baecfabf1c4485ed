"""Errors of the trimming of artifacts."""


class TrimError(Exception):
    """A build cannot be trimmed. The message says which function, why, and what to do."""
