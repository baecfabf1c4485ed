"""Mailpit's client for Node.js, npm's mailpit-api: each of its methods on the console."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from samrun.console import console
from support.idle_stack import idle_stack
from support.web_server import serve_in_thread

CLIENT = Path(__file__).with_name("mailpit_client")
NEEDS_NODE = pytest.mark.skipif(
    not (shutil.which("node") and (CLIENT / "node_modules/mailpit-api").exists())
    and os.environ.get("REQUIRE_NODE") != "1",
    reason="needs Node.js and npm: install them, then run "
    "make samrun/tests/console/mailpit_client/node_modules/installed",
)
pytestmark = [NEEDS_NODE, pytest.mark.processes]

# They need SMTP, another service or a picture library.
NOT_HERE = {
    "getAttachmentThumbnail": "makes no thumbnails",
    "releaseMessage": "sends no mail to anybody",
    "htmlCheck": "has no table of what mail programs support",
    "linkCheck": "asks no other site",
    "spamAssassinCheck": "runs no SpamAssassin",
    "getChaosTriggers": "chaos makes an SMTP server fail",
    "setChaosTriggers": "chaos makes an SMTP server fail",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Results of each method."""
    with serve_in_thread(console(idle_stack(tmp_path_factory.mktemp("mails")))) as url:
        command = ["node", "call_all.mjs", url]
        done = subprocess.run(command, cwd=CLIENT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def test_every_method_is_called(results: dict[str, Any]) -> None:
    assert results["notCalled"] == []


def test_methods_work_that_need_no_smtp(results: dict[str, Any]) -> None:
    failed = {name for name, result in results.items() if isinstance(result, dict) and "error" in result}
    assert failed == NOT_HERE.keys()


@pytest.mark.parametrize(("method", "reason"), NOT_HERE.items())
def test_other_methods_get_501_and_the_reason(results: dict[str, Any], method: str, reason: str) -> None:
    assert "501" in results[method]["error"]
    assert reason in results[method]["error"]


def test_results_are_those_of_the_mail(results: dict[str, Any]) -> None:
    identifier = results["sendMessage"]["ID"]
    assert results["getInfo"]["Messages"] == 2
    assert results["getInfo"]["Tags"] == {"paid": 1, "vip": 1}
    assert results["getConfiguration"]["MessageRelay"]["Enabled"] is False
    assert [each["Subject"] for each in results["listMessages"]["messages"]] == ["Other", "Paid: order 1"]
    assert [each["ID"] for each in results["searchMessages"]["messages"]] == [identifier]
    assert results["waitForMessage"]["ID"] == identifier
    assert results["waitForMessages"]["messages_count"] == 1
    message = results["getMessageSummary"]
    assert (message["From"], message["Text"].strip()) == ({"Name": "Shop", "Address": "shop@example.com"}, "Thank you")
    assert message["Bcc"] == [{"Name": "", "Address": "audit@example.com"}]
    assert [each["ContentID"] for each in message["Inline"]] == ["logo"]
    assert results["getMessageHeaders"]["Subject"] == ["Paid: order 1"]
    assert "Subject: Paid: order 1" in results["getMessageSource"]
    assert results["getMessageAttachment"] == {"type": "application/pdf", "text": "%PDF"}
    assert '<img src="data:image/gif;base64,' in results["renderMessageHTML"]
    assert results["renderMessageText"].strip() == "Thank you"


def test_changes_by_the_client_are_kept(results: dict[str, Any]) -> None:
    assert results["unread"] == 2
    assert results["getTags"] == ["in time", "sent"]
    assert results["tagsLeft"] == ["in time"]
    assert results["left"] == ["Paid: order 1"]
    assert results["leftInTheEnd"] == 0


def test_unknown_operator_is_an_error_for_the_client(results: dict[str, Any]) -> None:
    assert "400" in results["unknownOperator"]
    assert "recipient: is no search operator" in results["unknownOperator"]
