"""Rendering of mails for a browser, safely: no scripts, no forms, and nothing loaded from other sites."""

import base64
import re
from html import escape
from typing import Literal
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from samrun.console.inbox.message import Message, Part, in_words

# Only a link that a person follows may leave the mail; it opens in a new tab.
INERT = {
    "content-security-policy": (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
        "img-src data:; font-src data:; form-action 'none'; frame-ancestors 'self'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_CID = re.compile(r"""cid:([^"'\s)>]+)""", re.IGNORECASE)
_HEAD = re.compile(r"<head(\s[^<>]*+)?>", re.IGNORECASE)
_TYPE = re.compile(r"[a-zA-Z0-9!#$&^_.+-]{1,127}/[a-zA-Z0-9!#$&^_.+-]{1,127}")
_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)
_ALWAYS, _NEVER = "(min-width: 0)", "(max-width: 0)"
# Bytes of the pictures in a page: a mail may name the same one any number of times.
_MAX_PICTURES = 50_000_000
_NEW_TAB = '<base target="_blank">'


Theme = Literal["light", "dark"]


def theme_of(request: Request) -> Theme | None:
    """Return the theme in which a page wants to show a mail; None for that of the system."""
    wanted = request.query_params.get("theme")
    return "dark" if wanted == "dark" else "light" if wanted == "light" else None


def page(message: Message, *, links_in_new_tab: bool, theme: Theme | None = None) -> Response:
    """Return the message's HTML with its inline pictures embedded.

    Browsers give a mail in a frame the theme of the system. With another one, the mail's own conditions are decided
    here: a mail that supports both themes then looks as on a system with that one.
    """
    pictures = {part.content_id: _data_url(part) for part in message.parts if part.content_id}
    left = _MAX_PICTURES

    def picture(match: re.Match[str]) -> str:
        nonlocal left
        embedded = pictures.get(match[1], match[0])
        left -= len(embedded)
        return embedded if left > 0 else match[0]

    html = _CID.sub(picture, message.html)
    if theme and "color-scheme" in html:
        html = _SCHEME.sub(lambda match: _ALWAYS if match[1].lower() == theme else _NEVER, html)
        html += f"<style>:root {{ color-scheme: {theme} !important }}</style>"
    if links_in_new_tab:
        html = _HEAD.sub(lambda match: match[0] + _NEW_TAB, html, count=1) if _HEAD.search(html) else _NEW_TAB + html
    if message.unreadable:
        html = f"<p>{escape(in_words(message.unreadable))}</p>{html}"
    return HTMLResponse(html.encode(errors="replace"), headers=INERT)


def download(part: Part) -> Response:
    """Return an attachment as a download of its type, which the browser does not open."""
    name = quote(part.filename or part.content_id or f"part-{part.id}", safe="")
    disposition = f"attachment; filename*=UTF-8''{name}"
    kind = part.content_type if _TYPE.fullmatch(part.content_type) else "application/octet-stream"
    return Response(part.content, headers=INERT | {"content-disposition": disposition, "content-type": kind})


def _data_url(part: Part) -> str:
    return f"data:{part.content_type};base64,{base64.b64encode(part.content).decode()}"
