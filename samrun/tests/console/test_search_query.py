"""Search queries: Mailpit's operators, and the errors that Mailpit does not have."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samrun.console.inbox.message import Address
from samrun.console.inbox.search_query import SearchQueryError, matcher, on_one_line
from samrun.console.inbox.summary import Summary
from samrun.services.mail_store import Mail

TEXT = "Thank you, Ada.\n  Your order costs 12.50 € (100%)."
MAIL = Mail(
    id="1",
    sender="shop@example.com",
    recipients=("ada@example.com",),
    created=datetime(2026, 11, 22, 12, tzinfo=UTC),
    read=False,
    tags=("Paid", "in time"),
)
SUMMARY = Summary(
    mail=MAIL,
    message_id="0100-ab@eu-central-1.amazonses.com",
    sender=Address(name="The Shop", address="shop@example.com"),
    to=(Address(name="Ada Lovelace", address="ada@example.com"),),
    cc=(Address(name="", address="copy@example.org"),),
    bcc=(Address(name="", address="audit@example.com"),),
    reply_to=(Address(name="Help", address="help@example.com"),),
    subject="Confirmed: your order A7YUQ",
    size=3000,
    attachments=1,
    inline=0,
    snippet="",
)


def matches(query: str, summary: Summary = SUMMARY) -> bool:
    text = on_one_line(f"{summary.subject} {TEXT}")
    return matcher(query, ZoneInfo("Europe/Berlin"))(summary, lambda: text)


@pytest.mark.parametrize(
    "query",
    [
        "order",
        "THANK you",
        '"thank you, ada. your order"',
        "from:shop",
        'from:"the shop"',
        "to:lovelace",
        "cc:copy@",
        "bcc:audit",
        "reply-to:help",
        "addressed:copy",
        "addressed:help",
        "subject:A7YUQ",
        'subject:"your order"',
        '"subject:your order"',
        "message-id:0100-ab",
        "message-id:<0100-ab@eu-central-1.amazonses.com>",
        "tag:paid",
        'tag:"in time"',
        "is:unread",
        "is:tagged",
        "has:attachment",
        "has:attachments",
        "before:2026-11-23",
        "after:2026-11-22",
        "after:2026/11/22",
        'before:"2026-11-22 13:00"',  # in Berlin
        "after:2026-11-22T12:00:00Z",
        "larger:2999",
        "larger:2K",
        "smaller:3kb",
        "smaller:1.5MB",
        "-refund",
        "!refund",
        "-from:other -is:read -has:inline",
        '-"your refund"',
        "12.50",
        "100%",
        "order is:unread",
    ],
)
def test_mail_matches(query: str) -> None:
    assert matches(query)


@pytest.mark.parametrize(
    "query",
    [
        "refund",
        "order refund",
        "to:copy",
        "to:audit",
        "from:ada",
        "cc:ada",
        "subject:thank",
        "tag:pai",
        "is:read",
        "-is:unread",
        "has:inline",
        "-order",
        '-subject:"your order"',
        "before:2026-11-22",
        'before:"2026-11-22 12:59"',
        "after:2026-11-23",
        "larger:3000",
        "smaller:3000",
        '"ada your"',
        "-tag:paid",
    ],
)
def test_mail_does_not_match(query: str) -> None:
    assert not matches(query)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("recipient:ada", "recipient: is no search operator. These are: addressed:, after:, bcc:, before:"),
        ("-recipient:ada", 'quote it: "recipient:ada"'),
        ("is:starred", "is:starred is no filter. These are: is:read, is:unread, is:tagged"),
        ("has:html", "has:html is no filter. These are: has:attachment, has:inline"),
        ("before:soon", "before:soon: write a date"),
        ("after:2026-13-01", "after:2026-13-01: write a date"),
        ("larger:big", "larger:big: write a size"),
        ("to:", "to: needs a value"),
        ('to:""', "to: needs a value"),
        ("order to: ada", "to: needs a value"),
    ],
)
def test_query_that_mailpit_would_ignore_is_an_error(query: str, words: str) -> None:
    with pytest.raises(SearchQueryError) as raised:
        matcher(query)
    assert words in str(raised.value)


@pytest.mark.parametrize("query", ['"recipient:ada"', "https://example.com/a", "12:30", ":)", "::"])
def test_text_with_a_colon_can_be_searched(query: str) -> None:
    assert not matches(query)


def test_state_is_that_of_the_mail() -> None:
    read = replace(SUMMARY, mail=replace(MAIL, read=True, tags=()))
    assert matches("is:read", read)
    assert matches("-is:tagged", read)


def answer_to(query: str) -> bool | str:
    """Return whether the mail matches, or the message of the error."""
    try:
        return matches(query)
    except SearchQueryError as error:
        return str(error)


@given(words=st.lists(st.sampled_from(["-", "!", '"', " ", ":", "to:", "is:", "before:", "x", "\n", "larger:1", "é"])))
def test_any_query_matches_or_is_an_error_in_words(words: Sequence[str]) -> None:
    assert answer_to("".join(words)) != ""


@given(query=st.text())
def test_any_text_is_a_query_or_an_error_in_words(query: str) -> None:
    assert answer_to(query) != ""
