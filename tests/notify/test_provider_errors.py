"""Errors and answers of SES and SNS, by botocore's models of both and as a real client raises them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from botocore.session import get_session

from functions.notify.aws_clients import NO_RETRY_CONFIG
from functions.notify.channels.mailer import SES_ERRORS, Mailer, parse_address
from functions.notify.channels.provider_errors import COMMON_ERRORS, STATUSES, send_error_type
from functions.notify.channels.sms import SNS_ERRORS, SmsSender
from functions.notify.domain.send_errors import (
    AnswerLostError,
    DeferredError,
    RefusedError,
    SendError,
    ThrottledError,
    UnlistedRefusalError,
)
from functions.notify.messages.messages import Message
from tests.notify.fakes import FakeClock
from tests.notify.sockets import server

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping

    import boto3

TABLES = {"sesv2": SES_ERRORS, "sns": SNS_ERRORS}
# Errors of a topic, of its key and of an app on a phone. Text messages go to numbers.
NOT_OF_NUMBERS = {
    "NotFound",
    "EndpointDisabled",
    "PlatformApplicationDisabled",
    "KMSDisabled",
    "KMSInvalidState",
    "KMSNotFound",
    "KMSThrottling",
    "KMSAccessDenied",
}
# A code and a status that any service of AWS can answer, and the meaning.
ANSWERS: list[tuple[str, int, type[SendError]]] = [
    # permissions and credentials; the status of some has changed over the years
    ("AccessDeniedException", 400, DeferredError),
    ("AccessDeniedException", 403, DeferredError),
    ("ExpiredTokenException", 400, DeferredError),
    ("ExpiredToken", 403, DeferredError),
    ("InvalidClientTokenId", 403, DeferredError),
    ("UnrecognizedClientException", 400, DeferredError),
    ("MissingAuthenticationToken", 403, DeferredError),
    ("NotAuthorized", 400, DeferredError),
    ("OptInRequired", 403, DeferredError),
    # the clock
    ("RequestExpired", 400, DeferredError),
    ("RequestTimeTooSkewed", 403, DeferredError),
    ("SignatureDoesNotMatch", 403, DeferredError),
    ("IncompleteSignature", 400, DeferredError),
    # the rate
    ("Throttling", 400, ThrottledError),
    ("ThrottlingException", 400, ThrottledError),
    ("RequestLimitExceeded", 503, ThrottledError),
    ("", 429, ThrottledError),
    # the service
    ("InternalFailure", 500, DeferredError),
    ("ServiceUnavailable", 503, DeferredError),
    ("NewInThisYear", 500, DeferredError),
    ("UnknownOperationException", 404, DeferredError),
    ("RequestTimeoutException", 408, DeferredError),
    ("RequestAbortedException", 400, AnswerLostError),
    # the message
    ("ValidationError", 400, RefusedError),
    ("ValidationException", 400, RefusedError),
    ("RequestEntityTooLargeException", 413, RefusedError),
    # codes that nobody has listed, and answers without a code, such as a proxy's
    ("NewInThisYear", 400, UnlistedRefusalError),
    ("NewInThisYear", 404, UnlistedRefusalError),
    ("NewInThisYear", 409, UnlistedRefusalError),
    ("NewInThisYear", 499, UnlistedRefusalError),
    ("", 400, UnlistedRefusalError),
    ("", 404, UnlistedRefusalError),
    ("NewInThisYear", 401, DeferredError),
    ("NewInThisYear", 403, DeferredError),
    ("", 403, DeferredError),
    ("", 407, DeferredError),
    ("", 302, DeferredError),
]
# Answers with the status 200 that do not say whether the message was taken.
OF_SES = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b'{"MessageId": ""}',
    b'{"MessageId": null}',
    b'{"MessageId": 5}',
    b"<html></html>",
]
OF_SNS = [
    b"",
    b"{}",
    b"<html></html>",
    b"<PublishResponse><PublishResult/></PublishResponse>",
    b"<PublishResponse><PublishResult><MessageId></MessageId></PublishResult></PublishResponse>",
]


def refusal(code: str, status: int) -> ClientError:
    """Return the error that botocore makes of an answer; it leaves out the code if a body of XML has none."""
    error: dict[str, Any] = {"Error": {"Code": code, "Message": "about ada@example.com"}} if code else {}
    answer: Any = {**error, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Send")


def errors_of(service: str, operation: str) -> dict[str, int]:
    """Return the codes that botocore's model has of an operation's errors, and their statuses."""
    shapes = get_session().get_service_model(service).operation_model(operation).error_shapes
    found = {shape.metadata["error"].get("code", shape.name): shape.metadata["error"] for shape in shapes}
    return {code: error["httpStatusCode"] for code, error in found.items()}


@pytest.mark.parametrize("service", TABLES)
@pytest.mark.parametrize(("code", "status", "meaning"), ANSWERS)
def test_an_error_of_any_service_has_the_same_meaning_for_both_channels(
    service: str, code: str, status: int, meaning: type[SendError]
) -> None:
    assert send_error_type(refusal(code, status), TABLES[service]) is meaning


@pytest.mark.parametrize(("code", "status"), errors_of("sesv2", "SendEmail").items())
def test_each_error_in_the_model_of_ses_is_listed(code: str, status: int) -> None:
    assert code in SES_ERRORS
    assert send_error_type(refusal(code, status), SES_ERRORS) is not UnlistedRefusalError


@pytest.mark.parametrize(("code", "status"), errors_of("sns", "Publish").items())
def test_each_error_in_the_model_of_sns_has_a_meaning_unless_it_is_of_a_topic(code: str, status: int) -> None:
    is_unlisted = send_error_type(refusal(code, status), SNS_ERRORS) is UnlistedRefusalError
    assert is_unlisted == (code in NOT_OF_NUMBERS)


@pytest.mark.parametrize("answers", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("code", vars(ThrottledRetryableChecker)["_THROTTLED_ERROR_CODES"])
def test_each_code_that_botocore_knows_as_throttling_defers_the_message(
    answers: Mapping[str, type[SendError]], code: str
) -> None:
    if code == "LimitExceededException":
        assert SES_ERRORS[code] is DeferredError  # of SES, it is the quota of a day
        return
    assert send_error_type(refusal(code, 400), answers) is ThrottledError


@pytest.mark.parametrize("answers", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("code", vars(TransientRetryableChecker)["_TRANSIENT_ERROR_CODES"])
def test_each_code_that_botocore_knows_as_transient_defers_the_message(
    answers: Mapping[str, type[SendError]], code: str
) -> None:
    meaning = send_error_type(refusal(code, 400), answers)
    assert meaning
    assert issubclass(meaning, DeferredError)


def test_no_table_says_twice_what_another_says() -> None:
    for answers in TABLES.values():
        assert not {code for code, meaning in answers.items() if COMMON_ERRORS.get(code) is meaning} - {
            "TooManyRequestsException"  # it is in SES's own model
        }
    assert all(400 <= status < 500 for status in STATUSES)


@pytest.fixture
def answered(request: pytest.FixtureRequest) -> Iterator[tuple[int, list[bytes]]]:
    """A server that gives each request the answer 200 with the body of the test's parameter."""
    body: bytes = request.param

    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    with server(answer) as served:
        yield served


@pytest.mark.parametrize("answered", OF_SES, ids=repr, indirect=True)
def test_a_success_of_ses_without_a_message_id_is_a_lost_answer(
    session: boto3.Session, answered: tuple[int, list[bytes]]
) -> None:
    port, requests = answered
    config = NO_RETRY_CONFIG.merge(Config(proxies={}))
    sender = parse_address("orders@shop.example", name="The Shop")
    mailer = Mailer(
        client=session.client("sesv2", endpoint_url=f"http://127.0.0.1:{port}", config=config),
        sender=sender,
        configuration_set="orders",
        clock=FakeClock(),
    )
    with pytest.raises(AnswerLostError):
        mailer.send(
            Message(subject="Your order", text="Thank you.", html="<p>Thank you.</p>"),
            to="ada@example.com",
            name="Ada",
            tags={"notification_id": "event-1#mail"},
        )
    assert len(requests) == 1, "a send that is repeated is a second mail"


@pytest.mark.parametrize("answered", OF_SNS, ids=repr, indirect=True)
def test_a_success_of_sns_without_a_message_id_is_a_lost_answer(
    session: boto3.Session, answered: tuple[int, list[bytes]]
) -> None:
    port, requests = answered
    config = NO_RETRY_CONFIG.merge(Config(proxies={}))
    client = session.client("sns", endpoint_url=f"http://127.0.0.1:{port}", config=config)
    with pytest.raises(AnswerLostError):
        SmsSender(client=client).send("Thank you.", to="+14155550100")
    assert len(requests) == 1, "a send that is repeated is a second message"
