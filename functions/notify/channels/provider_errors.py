"""Errors of the clients of SES and SNS, and the SendError that each stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from functions.notify.aws_clients import error_code
from functions.notify.domain.send_errors import AnswerLostError, DeferredError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.notify.domain.send_errors import SendError

# By botocore's names.
CONNECTION_ERRORS: Mapping[str, type[SendError]] = {
    "EndpointConnectionError": DeferredError,
    "ConnectTimeoutError": DeferredError,
    "ProxyConnectionError": DeferredError,
    "NoCredentialsError": DeferredError,
    "CredentialRetrievalError": DeferredError,
    "ReadTimeoutError": AnswerLostError,
    "SSLError": AnswerLostError,  # it does not say whether of the handshake or of the answer
    "ConnectionClosedError": AnswerLostError,
    "HTTPClientError": AnswerLostError,
    "ResponseStreamingError": AnswerLostError,
    "ResponseParserError": AnswerLostError,
}


def send_error_type(error: Exception, answers: Mapping[str, type[SendError]]) -> type[SendError] | None:
    """Return the SendError that an error of a client stands for; None if it is a bug of ours.

    `answers` has the provider's own errors by their codes. An answer that is not listed, such as a 5xx or a missing
    permission, says that the provider has not taken the message.
    """
    code = error_code(error)
    if isinstance(error, ClientError):
        return answers.get(code, DeferredError)
    return CONNECTION_ERRORS.get(code)
