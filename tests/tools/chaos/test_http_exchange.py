"""Exchanges of HTTP, read from bytes however they are cut."""

import pytest

from tools.chaos.http_exchange import HttpTap

REQUESTS = b"POST /first HTTP/1.1\r\nContent-Length: 3\r\nX-Amz-Target: A.B\r\n\r\nabcGET /second HTTP/1.1\r\n\r\n"
ANSWERS = (
    b"HTTP/1.1 100 Continue\r\n\r\n"
    b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nlate\r\n1;x=y\r\nr\r\n0\r\n\r\n"
)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_tap_matches_each_answer_with_its_request(size: int) -> None:
    tap = HttpTap()
    for start in range(0, len(REQUESTS), size):
        tap.requested(REQUESTS[start : start + size], at=1.0, asked=True)
    exchanges = [
        exchange for start in range(0, len(ANSWERS), size) for exchange in tap.answered(ANSWERS[start : start + size])
    ]
    assert [(each.request.start, each.request.body, each.status) for each in exchanges] == [
        ("POST /first HTTP/1.1", b"abc", 200),
        ("GET /second HTTP/1.1", b"", 503),
    ]
    assert [each.answer.body for each in exchanges if each.answer] == [b"ok", b"later"]
    assert {each.began for each in exchanges} == {1.0}
    assert exchanges[0].request.header("x-amz-target") == "A.B"
    assert exchanges[1].request.header("x-amz-target") == ""


def test_tap_waits_for_the_rest_of_an_answer() -> None:
    tap = HttpTap()
    tap.requested(b"GET / HTTP/1.1\r\n\r\n", at=1.0, asked=True)
    assert tap.answered(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nha") == []
    assert [each.status for each in tap.unanswered] == [None]
    assert len(tap.answered(b"lf!")) == 1
    assert not tap.unanswered
