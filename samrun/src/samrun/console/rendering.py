"""Shows mails to a browser so that they can do nothing: no scripts, no forms, nothing loaded from anywhere."""

import base64
import re
from urllib.parse import quote

from starlette.responses import HTMLResponse, Response

from local.console.message import Message, Part

# Only a link that a person follows leads out of here, into a tab of its own.
INERT = {
    "content-security-policy": (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
        "img-src data:; font-src data:; form-action 'none'; frame-ancestors 'self'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_CID = re.compile(r"""cid:([^"'\s)>]+)""", re.IGNORECASE)
_HEAD = re.compile(r"<head(\s[^>]*)?>", re.IGNORECASE)
_NEW_TAB = '<base target="_blank">'


def page(message: Message, *, links_in_new_tab: bool) -> Response:
    """Return the message's HTML with its inline pictures in it."""
    pictures = {part.content_id: _data_url(part) for part in message.parts if part.content_id}
    html = _CID.sub(lambda match: pictures.get(match[1], match[0]), message.html)
    if links_in_new_tab:
        html = _HEAD.sub(lambda match: match[0] + _NEW_TAB, html, count=1) if _HEAD.search(html) else _NEW_TAB + html
    return HTMLResponse(html.encode(errors="replace"), headers=INERT)


def download(part: Part) -> Response:
    """Return an attachment, for the disk and not for the browser to open."""
    name = quote(part.filename or part.content_id or f"part-{part.id}", safe="")
    disposition = f"attachment; filename*=UTF-8''{name}"
    return Response(
        part.content, media_type="application/octet-stream", headers=INERT | {"content-disposition": disposition}
    )


def _data_url(part: Part) -> str:
    return f"data:{part.content_type};base64,{base64.b64encode(part.content).decode()}"
