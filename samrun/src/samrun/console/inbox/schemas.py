"""JSON of Mailpit's API v1: https://mailpit.axllent.org/docs/api-v1/view.html."""

import hashlib
import re
from collections.abc import Iterable
from typing import Any

from samrun.console.inbox.inbox import Page
from samrun.console.inbox.message import Address, Message, Part, address
from samrun.console.inbox.summary import Summary
from samrun.rfc3339 import rfc3339


def messages_summary(page: Page) -> dict[str, Any]:
    """Return Mailpit's MessagesSummary."""
    return {
        "total": page.total,
        "unread": page.unread,
        "count": len(page.summaries),
        "messages_count": page.found,
        "messages_unread": page.found_unread,
        "start": page.start,
        "tags": list(page.tags),
        "messages": [message_summary(each) for each in page.summaries],
    }


def message_summary(summary: Summary) -> dict[str, Any]:
    """Return Mailpit's MessageSummary."""
    return _envelope(summary) | {
        "Read": summary.mail.read,
        "Created": rfc3339(summary.mail.created),
        "Attachments": summary.attachments,
        "Snippet": summary.snippet,
    }


def message(summary: Summary, content: Message) -> dict[str, Any]:
    """Return Mailpit's Message: everything except the contents of the attachments."""
    return _envelope(summary) | {
        "ReturnPath": content.return_path or address(summary.mail.sender).address,
        "ListUnsubscribe": {
            "Header": content.list_unsubscribe,
            "Links": re.findall(r"<([^<>]+)>", content.list_unsubscribe),
            "Errors": "",
            "HeaderPost": content.list_unsubscribe_post,
        },
        "Date": rfc3339(content.date or summary.mail.created),
        "Text": content.text,
        "HTML": content.html,
        "Inline": [_part(part) for part in content.parts if part.inline],
        "Attachments": [_part(part) for part in content.parts if not part.inline],
    }


def runtime_stats(*, uptime: int) -> dict[str, int]:
    """Return Mailpit's RuntimeStats. `uptime` is in seconds. The inbox has no SMTP, and counts none."""
    counts = ("Memory", "MessagesDeleted", "SMTPAccepted", "SMTPAcceptedSize", "SMTPRejected", "SMTPIgnored")
    return {"Uptime": uptime, **dict.fromkeys(counts, 0)}


def web_ui() -> dict[str, Any]:
    """Return Mailpit's WebUIConfiguration: nothing that needs SMTP or another service is there."""
    texts = ("SMTPServer", "ReturnPath", "AllowedRecipients", "BlockedRecipients", "OverrideFrom", "RecipientAllowlist")
    return {
        "Label": "",
        "MessageRelay": {"Enabled": False, **dict.fromkeys(texts, ""), "PreserveMessageIDs": False},
        "SpamAssassin": False,
        "ChaosEnabled": False,
        "DuplicatesIgnored": False,
        "HideDeleteAllButton": False,
    }


def _envelope(summary: Summary) -> dict[str, Any]:
    return {
        "ID": summary.mail.id,
        "MessageID": summary.message_id,
        "From": _address(summary.sender),
        "To": _addresses(summary.to),
        "Cc": _addresses(summary.cc),
        "Bcc": _addresses(summary.bcc),
        "ReplyTo": _addresses(summary.reply_to),
        "Subject": summary.subject,
        "Username": "",
        "Tags": list(summary.mail.tags),
        "Size": summary.size,
    }


def _addresses(addresses: Iterable[Address]) -> list[dict[str, str]]:
    return [_address(each) for each in addresses]


def _address(mailbox: Address) -> dict[str, str]:
    return {"Name": mailbox.name, "Address": mailbox.address}


def _part(part: Part) -> dict[str, Any]:
    return {
        "PartID": part.id,
        "FileName": part.filename,
        "ContentType": part.content_type,
        "ContentID": part.content_id,
        "Size": len(part.content),
        "Checksums": {
            name: hashlib.new(name, part.content, usedforsecurity=False).hexdigest()
            for name in ("MD5", "SHA1", "SHA256")
        },
    }
