"""Summary of a mail, for lists and searches."""

from dataclasses import dataclass

from samrun.console.inbox.html_text import text_of
from samrun.console.inbox.message import Address, Message, address
from samrun.services.mail_store import Mail

_SNIPPET = 200
_MAX_HTML = 5_000_000  # characters


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Summary of a mail. `bcc` includes the recipients that only the envelope names. `size` is in bytes.

    `attachments` and `inline` are numbers of parts. `snippet` is the beginning of the text, on one line.
    """

    mail: Mail
    message_id: str
    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    subject: str
    size: int
    attachments: int
    inline: int
    snippet: str


def summarize(mail: Mail, message: Message) -> Summary:
    """Return the summary of a mail with this message."""
    in_headers = {each.address.lower() for each in (*message.to, *message.cc, *message.bcc)}
    hidden = tuple(each for each in map(address, mail.recipients) if each.address.lower() not in in_headers)
    inline = sum(part.inline for part in message.parts)
    return Summary(
        mail=mail,
        message_id=message.message_id,
        sender=message.sender[0] if message.sender else address(mail.sender),
        to=message.to,
        cc=message.cc,
        bcc=message.bcc + hidden,
        reply_to=message.reply_to,
        subject=message.subject,
        size=message.size,
        attachments=len(message.parts) - inline,
        inline=inline,
        snippet=_snippet(message.text),
    )


def searched_text(summary: Summary, message: Message) -> str:
    """Return the text in which a word without an operator is searched."""
    boxes = (summary.sender, *summary.to, *summary.cc, *summary.bcc, *summary.reply_to)
    named = (f"{each.name} {each.address}" for each in boxes)
    names = (part.filename for part in message.parts)
    # A text beside the HTML may say less; a search finds what either of them shows.
    return "\n".join((summary.subject, *named, *names, message.text, text_of(message.html[:_MAX_HTML])))


def _snippet(text: str) -> str:
    """Return the beginning of a text. It reads no more of it than it needs."""
    line = " ".join(text[: 10 * _SNIPPET].split())
    return line if len(line) <= _SNIPPET else f"{line[:_SNIPPET]}..."
