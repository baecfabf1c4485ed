"""Errors of a send, for every channel. Their messages hold no address and no number."""

from functions.notify.errors import NotifyError


class RenderError(NotifyError):
    """An event lacks values that its message needs. The error names the template, the line and the field, no values."""


class SendError(NotifyError):
    """The provider has not said that it took the message."""


class DeferredError(SendError):
    """The message was not sent; a later attempt can succeed."""


class ThrottledError(DeferredError):
    """The message was not sent: it was over the provider's rate."""


class UnlistedRefusalError(SendError):
    """The message was not sent. The provider's code is not listed: a later attempt can succeed, or never will."""


class RefusedError(SendError):
    """The message was not sent, and no later attempt can succeed."""


class AnswerLostError(SendError):
    """Nobody knows whether the message was sent."""
