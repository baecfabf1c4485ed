"""Errors of the clients of SES and SNS, and the SendError that each stands for; and the answer that is none.

Errors that any service of AWS can answer are here, and those of one service beside its sender:
https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html
https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
The pages of other services have codes that these two leave out:
https://docs.aws.amazon.com/mgn/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from functions.notify.aws_clients import error_code
from functions.notify.domain.send_errors import (
    AnswerLostError,
    DeferredError,
    RefusedError,
    ThrottledError,
    UnlistedRefusalError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.notify.aws_clients import MessageId
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

# By the code of the answer.
COMMON_ERRORS: Mapping[str, type[SendError]] = {
    # the account, its credentials and permissions, and our clock
    **dict.fromkeys(
        [
            "AccessDenied",
            "AccessDeniedException",
            "AuthFailure",
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "NotAuthorized",
            "OptInRequired",
            "RequestExpired",
            "RequestTimeTooSkewed",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        ],
        DeferredError,
    ),
    # an endpoint that is not the service's
    "InvalidAction": DeferredError,
    "UnknownOperationException": DeferredError,
    # the service has not read the request to its end
    "RequestTimeout": DeferredError,
    "RequestTimeoutException": DeferredError,
    # by botocore.retries.standard, which repeats them
    **dict.fromkeys(
        [
            "BandwidthLimitExceeded",
            "EC2ThrottledException",
            "PriorRequestNotComplete",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "RequestThrottled",
            "RequestThrottledException",
            "SlowDown",
            "Throttled",
            "ThrottledException",
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
            "TransactionInProgressException",
        ],
        ThrottledError,
    ),
    # the message
    "RequestEntityTooLargeException": RefusedError,
    "ValidationError": RefusedError,
    "ValidationException": RefusedError,
    # the connection ended before the answer
    "RequestAbortedException": AnswerLostError,
}

# Statuses that say who asks, or how often, and not for what: they count if the code is not listed.
STATUSES: Mapping[int, type[SendError]] = {
    HTTPStatus.UNAUTHORIZED: DeferredError,
    HTTPStatus.FORBIDDEN: DeferredError,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: DeferredError,
    HTTPStatus.REQUEST_TIMEOUT: DeferredError,
    HTTPStatus.TOO_MANY_REQUESTS: ThrottledError,
}


def send_error_type(error: Exception, answers: Mapping[str, type[SendError]]) -> type[SendError] | None:
    """Return the SendError that an error of a client stands for; None if it is a bug of ours.

    `answers` has the provider's own errors by their codes. Any answer that is an error says that the provider has not
    taken the message. If it is none of the listed ones, its status decides: 5xx can pass, and with most of 4xx nobody
    knows whether a later attempt can succeed.
    """
    code = error_code(error)
    if not isinstance(error, ClientError):
        return AnswerLostError if _is_of_the_parser(error) else CONNECTION_ERRORS.get(code)
    if listed := answers.get(code) or COMMON_ERRORS.get(code):
        return listed
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    is_of_client = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return STATUSES.get(status, UnlistedRefusalError if is_of_client else DeferredError)


def message_id(answer: MessageId) -> str:
    """Return the id that a provider gave a message. Raises AnswerLostError if the answer has none.

    A proxy that answers 200 with a page of its own, for example, has perhaps passed the message on, and perhaps not.
    """
    provider_id: object = answer.get("MessageId")
    if isinstance(provider_id, str) and provider_id:
        return provider_id
    raise AnswerLostError("the answer has no MessageId")


def _is_of_the_parser(error: Exception) -> bool:
    """Tell whether botocore raised it while it read an answer: for some, its parser raises KeyError and the like."""
    place = error.__traceback__
    while place:
        if place.tb_frame.f_globals.get("__name__") == "botocore.parsers":
            return True
        place = place.tb_next
    return False
