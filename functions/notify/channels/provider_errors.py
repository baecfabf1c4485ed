"""What can come of a send, whichever channel it goes over. The messages hold no address and no number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from functions.notify.aws import name_of

if TYPE_CHECKING:
    from collections.abc import Mapping


class SendError(Exception):
    """The provider has not said that it took the message."""


class DeferredError(SendError):
    """The message has not been sent; it can be later."""


class ThrottledError(DeferredError):
    """The message has not been sent, since more were sent in this second than may be."""


class RefusedError(SendError):
    """The message has not been sent and never will be."""


class AnswerLostError(SendError):
    """Nobody knows whether the message has been sent."""


# Errors of the connection, by botocore's names of them.
OF_THE_CONNECTION: Mapping[str, type[SendError]] = {
    "EndpointConnectionError": DeferredError,
    "ConnectTimeoutError": DeferredError,
    "ProxyConnectionError": DeferredError,
    "NoCredentialsError": DeferredError,
    "CredentialRetrievalError": DeferredError,
    "ReadTimeoutError": AnswerLostError,
    "SSLError": AnswerLostError,  # of the handshake, or of the answer: it does not say
    "ConnectionClosedError": AnswerLostError,
    "HTTPClientError": AnswerLostError,
    "ResponseStreamingError": AnswerLostError,
    "ResponseParserError": AnswerLostError,
}


def meaning_of(error: Exception, answers: Mapping[str, type[SendError]]) -> type[SendError] | None:
    """Tell what an error of a client means for the message; None if it is a bug of ours.

    `answers` has the provider's own errors by their codes. One that is not listed, such as a 5xx or a missing
    permission, says that the provider has not taken the message.
    """
    name = name_of(error)
    if isinstance(error, ClientError):
        return answers.get(name, DeferredError)
    return OF_THE_CONNECTION.get(name)
