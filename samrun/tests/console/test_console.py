"""API of the console: Mailpit's JSON, the rights of its pages, and the checks of who may change mails."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

from samrun.console import console
from samrun.console.inbox import inbox as inbox_module
from samrun.console.inbox.inbox import Inbox
from samrun.console.inbox.inbox_events import inbox_events
from samrun.supervision.browser_guard import BrowserGuard, GuardMiddleware, Pages
from support.idle_stack import idle_stack
from support.stored_mails import mails_in

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Client:
    """The console with a store of its own. `send` adds a mail, each a minute later than the previous one."""

    def __init__(self, folder: Path) -> None:
        parts = idle_stack(folder)
        self.store, self.text_messages = parts.mails, parts.text_messages
        self._app = GuardMiddleware(console(parts), BrowserGuard(pages=Pages.OWN))  # as a stack serves it
        self._sent = 0

    def send(self, subject: str = "Your order", *, html: str | None = None, **options: Any) -> str:
        message = EmailMessage()
        message["From"] = options.get("sender", "The Analytical Bookshop <orders@shop.example.com>")
        message["To"] = "Ada Lovelace <ada@example.com>"
        message["Subject"] = subject
        message["Message-ID"] = "<id@amazonses.com>"
        message.set_content(options.get("text", "Thank you"))
        if html is not None:
            message.add_alternative(html, subtype="html")
            related = message.get_payload()[1]  # type: ignore[index]
            related.add_related(b"GIF89a", "image", "gif", cid="<logo>")  # type: ignore[union-attr]
        if "attachment" in options:
            message.add_attachment(options["attachment"], "application", "pdf", filename="invoice.pdf")
        self._sent += 1
        return self.store.add(
            bytes(message),
            sender="The Analytical Bookshop <orders@shop.example.com>",
            recipients=["Ada Lovelace <ada@example.com>", "audit@shop.example.com"],
            created=NOON + timedelta(minutes=self._sent),
        )

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def request() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8025") as client:
                return await client.request(method, path, **options)

        return asyncio.run(request())

    def get(self, path: str) -> httpx.Response:
        return self.request("GET", path)

    def subjects(self, path: str) -> list[str]:
        return [message["Subject"] for message in self.get(path).json()["messages"]]


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(tmp_path)


# ---------------------------------------------------------------- Mailpit's API


def test_list_has_mailpits_form(client: Client) -> None:
    first = client.send("First")
    identifier = client.send("Second", attachment=b"%PDF")
    client.store.mark_read(first)
    listed = client.get("/api/v1/messages").json()
    newest = listed["messages"].pop(0)
    assert [message["Subject"] for message in listed.pop("messages")] == ["First"]
    assert listed == {
        "total": 2,
        "unread": 1,
        "count": 2,
        "messages_count": 2,
        "messages_unread": 1,
        "start": 0,
        "tags": [],
    }
    assert newest == {
        "ID": identifier,
        "MessageID": "id@amazonses.com",
        "Read": False,
        "From": {"Name": "The Analytical Bookshop", "Address": "orders@shop.example.com"},
        "To": [{"Name": "Ada Lovelace", "Address": "ada@example.com"}],
        "Cc": [],
        "Bcc": [{"Name": "", "Address": "audit@shop.example.com"}],
        "ReplyTo": [],
        "Subject": "Second",
        "Created": "2026-11-22T12:02:00Z",
        "Username": "",
        "Tags": [],
        "Size": len(client.store.raw(identifier)),
        "Attachments": 1,
        "Snippet": "Thank you",
    }


def test_list_has_pages(client: Client) -> None:
    for number in range(60):
        client.send(str(number))
    assert len(client.subjects("/api/v1/messages")) == 50
    assert client.subjects("/api/v1/messages?start=2&limit=3") == ["57", "56", "55"]
    assert client.subjects("/api/v1/messages?start=-1&limit=x")[0] == "59"
    assert client.get("/api/v1/messages?limit=0").json()["total"] == 60


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ("refund", ["Your refund"]),
        ("ANALYTICAL your", ["Your refund", "Your order"]),
        ("from:analytical", ["Your refund", "Your order"]),
        ("bcc:audit@", ["Other", "Your refund", "Your order"]),
        ("to:audit@", []),
        ("subject:other", ["Other"]),
        ("to:other", []),
        ('"your order"', ["Your order"]),
        ('subject:"your refund" from:orders', ["Your refund"]),
        ("12.50", ["Other"]),
    ],
)
def test_search_finds_mails_with_every_word(client: Client, query: str, subjects: list[str]) -> None:
    client.send("Your order")
    client.send("Your refund")
    client.send("Other", sender="news@example.org", text="It costs 12.50 €")
    response = client.request("GET", "/api/v1/search", params={"query": query})
    assert [message["Subject"] for message in response.json()["messages"]] == subjects
    assert response.json()["messages_count"] == len(subjects)
    assert response.json()["total"] == 3


def test_search_without_a_query_has_mailpits_error(client: Client) -> None:
    response = client.get("/api/v1/search?query=%20")
    assert (response.status_code, response.text) == (400, "Error: no search query")
    assert response.headers["content-type"].startswith("text/plain")


def test_message_is_complete_and_marked_as_read(client: Client) -> None:
    identifier = client.send(html="<p>Thank you</p>", attachment=b"%PDF")
    message = client.get(f"/api/v1/message/{identifier}").json()
    assert message["Text"].strip() == "Thank you"
    assert "<p>Thank you</p>" in message["HTML"]
    assert message["Date"] == "2026-11-22T12:01:00Z"
    assert message["ReturnPath"] == "orders@shop.example.com"
    [inline], [attachment] = message["Inline"], message["Attachments"]
    assert (inline["ContentID"], inline["ContentType"]) == ("logo", "image/gif")
    assert attachment == {
        "PartID": attachment["PartID"],
        "FileName": "invoice.pdf",
        "ContentType": "application/pdf",
        "ContentID": "",
        "Size": 4,
        "Checksums": {
            "MD5": "bfa4b10a76324b166cfdad5e02a63730",
            "SHA1": "39b6d73eff36493ba0674e48255a9d81724b4521",
            "SHA256": "315d429b7714cedb6ad04ac31240145257692630457f3c88253c5beceac76027",
        },
    }
    assert client.store.get(identifier).read


def test_latest_is_the_newest_mail_or_the_newest_match(client: Client) -> None:
    client.send("Order")
    client.send("Refund")
    assert client.get("/api/v1/message/latest").json()["Subject"] == "Refund"
    assert client.get("/api/v1/message/latest?query=subject:order").json()["Subject"] == "Order"
    assert client.get("/api/v1/message/latest?query=nothing").status_code == 404


def test_message_has_its_headers_source_and_parts(client: Client) -> None:
    identifier = client.send(attachment=b"%PDF")
    assert client.get(f"/api/v1/message/{identifier}/headers").json()["Subject"] == ["Your order"]
    source = client.get(f"/api/v1/message/{identifier}/raw")
    assert source.content == client.store.raw(identifier)
    assert source.headers["content-type"].startswith("text/plain")
    download = client.get(f"/api/v1/message/{identifier}/raw?dl=1")
    assert download.headers["content-disposition"] == f'attachment; filename="{identifier}.eml"'
    part = client.get(f"/api/v1/message/{identifier}").json()["Attachments"][0]["PartID"]
    attachment = client.get(f"/api/v1/message/{identifier}/part/{part}")
    assert attachment.content == b"%PDF"
    assert attachment.headers["content-disposition"] == "attachment; filename*=UTF-8''invoice.pdf"


def test_view_shows_only_the_message(client: Client) -> None:
    client.send(html='<html><head></head><p>Hi</p><img src="cid:logo"><img src="cid:none"></html>')
    page = client.get("/view/latest.html").text
    assert '<img src="data:image/gif;base64,R0lGODlh"><img src="cid:none">' in page
    assert "<base" not in page
    assert '<head><base target="_blank"></head>' in client.get("/view/latest.html?embed=1").text
    assert client.get("/view/latest.txt").text.strip() == "Thank you"


def test_text_mail_has_no_html_view(client: Client) -> None:
    client.send()
    response = client.get("/view/latest.html")
    assert (response.status_code, response.text) == (404, "This message does not contain a HTML part")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/message/latest",
        "/api/v1/message/0000000000000000000000",
        "/api/v1/message/nonsense/headers",
        "/api/v1/message/nonsense/raw",
        "/api/v1/message/nonsense/part/1",
        "/view/nonsense.html",
        "/view/latest.txt",
    ],
)
def test_missing_mail_has_mailpits_404(client: Client, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.text) == (404, "404 page not found")


def test_unknown_part_is_404(client: Client) -> None:
    assert client.get(f"/api/v1/message/{client.send()}/part/9").status_code == 404


def test_read_status_is_set_by_ids_by_search_or_for_all_mails(client: Client) -> None:
    first, second = client.send("First"), client.send("Second")

    def read(**body: Any) -> set[str]:
        response = client.request("PUT", "/api/v1/messages", json=body)
        assert (response.status_code, response.text) == (200, "ok")
        return {mail.id for mail in mails_in(client.store) if mail.read}

    assert read(IDs=[first, "unknown"], Read=True) == {first}
    assert read(Search="subject:second", Read=True) == {first, second}
    assert read(ids=[first], read=False) == {second}
    assert read(Read=True) == {first, second}
    assert read() == set()


def test_mails_are_deleted_by_ids_or_all_at_once(client: Client) -> None:
    first, second, _ = client.send(), client.send(), client.send()
    assert client.request("DELETE", "/api/v1/messages", json={"IDs": [first, "unknown"]}).text == "ok"
    assert first not in {mail.id for mail in mails_in(client.store)}
    assert client.store.get(second)
    assert client.request("DELETE", "/api/v1/messages").text == "ok"
    assert mails_in(client.store) == []


@pytest.mark.parametrize(
    ("method", "body"),
    [("DELETE", "{"), ("DELETE", "[]"), ("DELETE", '{"IDs": "all"}'), ("PUT", '{"IDs": ["a"], "Search": "b"}')],
)
def test_invalid_body_changes_nothing(client: Client, method: str, body: str) -> None:
    client.send()
    response = client.request(method, "/api/v1/messages", content=body)
    assert response.status_code == 400
    assert response.headers["content-type"].startswith("text/plain")
    assert [mail.read for mail in mails_in(client.store)] == [False]


def test_info_counts_the_mails(client: Client, tmp_path: Path) -> None:
    client.store.mark_read(client.send())
    client.send()
    info = client.get("/api/v1/info").json()
    assert (info["Messages"], info["Unread"], info["Database"]) == (2, 1, str(tmp_path))
    assert info["DatabaseSize"] == sum(len(client.store.raw(mail.id)) for mail in mails_in(client.store))


def test_probes_are_answered(client: Client) -> None:
    assert [client.get(path).status_code for path in ("/livez", "/readyz")] == [200, 200]


# ---------------------------------------------------------------- safety


def test_mail_in_the_browser_may_run_and_load_nothing(client: Client) -> None:
    client.send(html="<script>alert(1)</script>", attachment=b"%PDF")
    paths = ["/view/latest.html", "/view/latest.txt", "/api/v1/message/latest/raw", "/api/v1/message/latest/part/4"]
    for path in paths:
        response = client.get(path)
        assert response.status_code == 200
        policy = response.headers["content-security-policy"]
        assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';")
        assert "allow-scripts" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"


def test_page_loads_only_its_own_files(client: Client) -> None:
    page = client.get("/inbox")
    assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]
    assert client.get("/view/0123").headers["content-security-policy"] == page.headers["content-security-policy"]


@pytest.mark.parametrize("host", ["localhost:8025", "127.0.0.1:1234", "[::1]:8025", "host.docker.internal:8025"])
def test_host_names_of_this_machine_are_accepted(client: Client, host: str) -> None:
    assert client.request("GET", "/api/v1/messages", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example.com", "localhost.evil.example.com", "127.0.0.1.nip.io", ""])
def test_other_host_names_are_refused(client: Client, host: str) -> None:
    assert client.request("GET", "/api/v1/messages", headers={"host": host}).status_code == 400


@pytest.mark.parametrize(
    "origin", ["http://evil.example.com", "http://localhost:3000", "https://localhost:8025", "null"]
)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST"])
def test_write_from_another_origin_is_refused(client: Client, method: str, origin: str) -> None:
    identifier = client.send()
    response = client.request(method, "/api/v1/messages", headers={"origin": origin})
    assert (response.status_code, client.store.get(identifier).read) == (403, False)


def test_write_from_the_console_itself_is_accepted(client: Client) -> None:
    client.send()
    client.request("DELETE", "/api/v1/messages", headers={"origin": "http://localhost:8025"})
    assert mails_in(client.store) == []


def test_list_opens_only_the_mails_of_its_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(300):
        client.send(str(number))
    opened: list[str] = []
    read = Path.read_bytes

    def read_and_note(path: Path) -> bytes:
        opened.append(path.name)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", read_and_note)
    listed = client.get("/api/v1/messages?limit=10").json()
    assert (listed["total"], listed["unread"], listed["count"]) == (300, 300, 10)
    assert len(opened) == 20, "an envelope and a message for each"
    assert client.get("/api/v1/info").json()["Messages"] == 300
    assert client.get("/api/v1/messages?limit=10").json() == listed
    assert len(opened) == 20, "the inbox opens each only once"


def test_list_follows_deletions_and_keeps_nothing_of_them(client: Client) -> None:
    identifiers = [client.send(str(number)) for number in range(5)]
    assert client.subjects("/api/v1/search?query=subject:3") == ["3"]
    client.request("DELETE", "/api/v1/messages", json={"IDs": identifiers[1:]})
    assert client.subjects("/api/v1/messages") == ["0"]
    client.request("DELETE", "/api/v1/messages")
    assert client.get("/api/v1/info").json()["DatabaseSize"] == 0


# ---------------------------------------------------------------- what is more than lists and mails


def test_mails_are_deleted_by_search(client: Client) -> None:
    client.send("Your order")
    client.send("Your refund")
    answer = client.request("DELETE", "/api/v1/search", params={"query": "subject:refund"})
    assert (answer.status_code, answer.text) == (200, "ok")
    assert client.subjects("/api/v1/messages") == ["Your order"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"query": "recipient:ada"}, "recipient: is no search operator"),
        ({"query": " "}, "Error: no search query"),
        ({"query": "before:2026-11-22", "tz": "Mars/Olympus"}, "tz=Mars/Olympus is no time zone"),
    ],
)
def test_search_that_cannot_be_understood_is_an_error_and_deletes_nothing(
    client: Client, method: str, query: dict[str, str], words: str
) -> None:
    client.send()
    answer = client.request(method, "/api/v1/search", params=query)
    assert answer.status_code == 400
    assert words in answer.text
    assert len(mails_in(client.store)) == 1


def test_dates_of_a_search_are_in_its_time_zone(client: Client) -> None:
    client.send()  # at noon and one minute in UTC
    for zone, found in (("UTC", 1), ("America/New_York", 0)):
        query = {"query": 'after:"2026-11-22 12:00"', "tz": zone}
        assert client.request("GET", "/api/v1/search", params=query).json()["messages_count"] == found


def test_tags_are_set_renamed_and_deleted(client: Client) -> None:
    first, second = client.send("First"), client.send("Second")
    assert client.request("PUT", "/api/v1/tags", json={"IDs": [first, second], "Tags": ["b", "A!?a"]}).text == "ok"
    assert client.get("/api/v1/tags").json() == ["A a", "b"]
    assert client.get("/api/v1/messages").json()["tags"] == ["A a", "b"]
    assert client.get(f"/api/v1/message/{first}").json()["Tags"] == ["A a", "b"]
    assert client.request("PUT", "/api/v1/tags/b", json={"Name": "c"}).text == "ok"
    assert client.request("DELETE", "/api/v1/tags/A%20a").text == "ok"
    assert client.get("/api/v1/info").json()["Tags"] == {"c": 2}
    assert client.request("PUT", "/api/v1/tags", json={"IDs": [first]}).text == "ok"
    assert client.subjects("/api/v1/search?query=tag:c") == ["Second"]


@pytest.mark.parametrize(
    ("path", "body"), [("/api/v1/tags/none", {"Name": "x"}), ("/api/v1/tags/b", {}), ("/api/v1/tags/b", {"Name": "?"})]
)
def test_tag_that_is_not_there_or_has_no_name_is_an_error(client: Client, path: str, body: dict[str, str]) -> None:
    client.request("PUT", "/api/v1/tags", json={"IDs": [client.send()], "Tags": ["b"]})
    assert client.request("PUT", path, json=body).status_code == 400
    assert client.get("/api/v1/tags").json() == ["b"]


def test_mail_brings_tags_in_its_header_and_in_plus_addresses(client: Client) -> None:
    raw = b"From: a@b.example\r\nX-Tags: paid,\r\n in time\r\nSubject: Hi\r\n\r\nX-Tags: no\r\n"
    identifier = client.store.add(raw, sender="a@b.example", recipients=["ada+vip+1@c.example"], created=NOON)
    assert client.get(f"/api/v1/message/{identifier}").json()["Tags"] == ["1", "in time", "paid", "vip"]


@pytest.mark.parametrize(
    ("mail", "words"),
    [
        ({}, "invalid From address"),
        ({"From": {"Email": "a@b"}, "To": [{"Email": "nobody"}, {"Email": "a b"}]}, "invalid To address"),
        ({"From": {"Email": "a@b"}, "Headers": {"Subject": "x"}}, 'cannot overwrite header: "Subject"'),
        ({"From": {"Email": "a@b"}, "Attachments": [{"Content": "?", "Filename": "f"}]}, "error decoding base64"),
        ({"From": {"Email": "a@b"}, "To": "ada"}, "this is no mail"),
        ({"From": {"Email": "a@b"}, "Headers": {"X-A": "1\r\nBcc: x"}}, "this is no mail"),
    ],
)
def test_mail_that_cannot_be_composed_is_an_error_in_json(client: Client, mail: dict[str, Any], words: str) -> None:
    answer = client.request("POST", "/api/v1/send", json=mail)
    assert answer.status_code == 400
    assert words in answer.json()["Error"]
    assert mails_in(client.store) == []


@pytest.mark.parametrize("path", ["release", "html-check", "link-check", "sa-check", "part/1/thumb"])
def test_what_is_not_here_answers_501_and_says_why(client: Client, path: str) -> None:
    answer = client.request("POST", f"/api/v1/message/{client.send()}/{path}")
    assert (answer.status_code, answer.text[:15]) == (501, "Not in samrun: ")


def test_attachment_has_its_type_and_is_never_opened_by_a_browser(client: Client) -> None:
    raw = (
        b"Content-Type: text/html\r\nContent-Disposition: attachment; filename=a.html\r\n\r\n<script>alert(1)</script>"
    )
    identifier = client.store.add(raw, sender="a@b", recipients=["c@d"], created=NOON)
    part = client.get(f"/api/v1/message/{identifier}/part/1")
    assert part.headers["content-type"] == "text/html"
    assert part.headers["content-disposition"].startswith("attachment")
    assert part.headers["content-security-policy"].startswith("sandbox")


def test_events_say_what_changes_in_the_inbox(client: Client) -> None:
    kept, deleted = client.send("Kept"), client.send("Deleted")

    async def listen() -> list[dict[str, Any]]:
        stream = aiter(inbox_events(Inbox(client.store)).body_iterator)
        events = [_event(await anext(stream))]
        client.store.mark_read(kept)
        client.store.delete(deleted)
        client.send("New")
        while len(events) < 5:
            events.append(_event(await anext(stream)))
        return events

    first, *changes, last = asyncio.run(listen())
    assert (first["Type"], first["Data"]["Total"], first["Data"]["Unread"]) == ("stats", 2, 2)
    by_type = {each["Type"]: each["Data"] for each in changes}
    assert by_type["delete"] == {"ID": deleted}
    assert by_type["update"] == {"ID": kept, "Read": True, "Tags": []}
    assert by_type["new"]["Subject"] == "New"
    assert (last["Type"], last["Data"]["Unread"]) == ("stats", 1)


def _event(line: Any) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(str(line).removeprefix("data: "))
    return event


def test_events_are_no_websocket_and_say_so(client: Client) -> None:
    answer = client.request("GET", "/api/events", headers={"upgrade": "websocket", "connection": "upgrade"})
    assert answer.status_code == 501
    assert "server-sent events" in answer.text


def test_text_messages_are_listed_with_their_segments(client: Client) -> None:
    store = client.text_messages
    first = store.add("Đã trả", to="+49301", created=NOON)
    second = store.add("Paid", to="+49302", sender_id="Shop", created=NOON + timedelta(minutes=1))
    listed = client.get("/samrun/v1/text-messages").json()
    assert listed["total"] == 2
    assert listed["text_messages"][0] == {
        "id": second,
        "to": "+49302",
        "text": "Paid",
        "sender_id": "Shop",
        "created": "2026-11-22T12:01:00Z",
        "encoding": "GSM 03.38",
        "units": 4,
        "segments": 1,
    }
    found = client.request("GET", "/samrun/v1/text-messages", params={"to": "+49301"}).json()["text_messages"]
    assert [(each["id"], each["encoding"]) for each in found] == [(first, "UCS-2")]
    assert client.request("DELETE", f"/samrun/v1/text-messages/{first}").text == "ok"
    assert client.get(f"/samrun/v1/text-messages/{first}").status_code == 404
    assert client.get("/samrun/v1/text-messages/..%2Fx").status_code == 404
    assert client.request("DELETE", "/samrun/v1/text-messages").text == "ok"
    assert client.get("/samrun/v1/text-messages").json() == {"total": 0, "text_messages": []}


def test_memory_that_the_inbox_uses_has_limits(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_module, "_MAX_SUMMARIES", 2)
    monkeypatch.setattr(inbox_module, "_MAX_TEXTS", 200)
    for number in range(9):
        client.send(f"Order {number}", text="Thank you " * 5)
    assert len(client.subjects('/api/v1/search?query="thank you"')) == 9
    assert client.subjects("/api/v1/search?query=subject:7") == ["Order 7"]
