"""Pages of the inbox: the list beside a mail or a text message.

Each is a whole page with a URL of its own. With htmx, only the part that changes is put into the page that is there.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from samrun.console.flow.sample_requests import PATH as SAMPLE_PATH
from samrun.console.flow.sample_requests import sample_title
from samrun.console.inbox import mailpit, preview_pages, text_message_api
from samrun.console.inbox.feedback import FeedbackSimulator
from samrun.console.inbox.inbox import Inbox
from samrun.console.inbox.mail_events import FEEDBACK
from samrun.console.inbox.message import headers
from samrun.console.inbox.message_list import MessageList, MessagePage
from samrun.console.inbox.previews import Previews
from samrun.console.inbox.search_query import SearchQueryError
from samrun.console.shell.html_pages import HtmlPages, View
from samrun.control.stack_parts import StackParts
from samrun.services.mail_store import MailNotFoundError
from samrun.services.text_message_store import TextMessageNotFoundError

VIEW = View(title="Inbox", path="/inbox")
EXCEPTION_HANDLERS = mailpit.EXCEPTION_HANDLERS | text_message_api.EXCEPTION_HANDLERS
_PAGE_SIZE = 100
_MAX_LIMIT = 10_000
# Characters of a source that a page shows; the whole one is a download.
_MAX_SOURCE = 1_000_000
_SHOWN_AS = ("html", "text", "headers", "source")


def routes(parts: StackParts, pages: HtmlPages) -> list[BaseRoute]:
    """Return the routes of the inbox, and those of its APIs."""
    inbox = Inbox(parts.mails)
    simulator = FeedbackSimulator(application=parts.application, client=parts.client)
    views = _Pages(inbox, parts, simulator, pages)
    pages.environment.filters |= {"moment": _moment, "short_moment": _short_moment}
    return [
        Route("/inbox", views.list),
        *preview_pages.routes(Previews(each.path for each in parts.application.preview_folders), pages),
        Route("/inbox/delete-all", views.delete_all, methods=["POST"]),
        Route("/inbox/{id}", views.message),
        Route("/inbox/{id}/delete", views.delete, methods=["POST"]),
        Route("/inbox/{id}/feedback/{kind}", views.feedback, methods=["POST"]),
        Route("/inbox/{id}/unread", views.mark_unread, methods=["POST"]),
        *mailpit.routes(inbox),
        *text_message_api.routes(parts.text_messages),
        Route("/view/latest", views.latest),
        Route("/view/{id}", views.message),
        Route("/search", views.mailpit_search),
        Mount("/static/inbox", StaticFiles(directory=Path(__file__).with_name("static"))),
    ]


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """Wishes in the address of a page: a search, and how many messages to list."""

    query: str
    limit: int

    @classmethod
    def of(cls, request: Request) -> "_Asked":
        limit = request.query_params.get("limit", "")
        number = int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 10 else _PAGE_SIZE
        return cls(query=request.query_params.get("q", "").strip(), limit=min(number, _MAX_LIMIT))

    def parameters(self, **more: Any) -> str:
        """Return the address's part that keeps them, with its question mark; an empty text for the usual list."""
        limit = {"limit": self.limit} if self.limit != _PAGE_SIZE else {}
        named = {"q": self.query, **limit, **more}
        found = urlencode({name: value for name, value in named.items() if value not in ("", None)})
        return f"?{found}" if found else ""


class _Pages:
    def __init__(self, inbox: Inbox, parts: StackParts, simulator: FeedbackSimulator, pages: HtmlPages) -> None:
        self._inbox = inbox
        self._application = parts.application
        self._text_messages = parts.text_messages
        self._messages = MessageList(inbox, parts.text_messages)
        self._simulator = simulator
        self._pages = pages

    def list(self, request: Request) -> Response:
        return self._render(request)

    def message(self, request: Request) -> Response:
        identifier = request.path_params["id"]
        try:
            return self._render(request, **self._opened_mail(request, identifier))
        except MailNotFoundError:
            pass
        try:
            listed = self._messages.text_message(identifier)
        except TextMessageNotFoundError:
            return self._render(request, status=HTTPStatus.NOT_FOUND, missing=True)
        text_message = listed.text_message
        return self._render(request, opened=identifier, text_message=text_message, segments=listed.segments)

    def _opened_mail(self, request: Request, identifier: str) -> Mapping[str, Any]:
        summary, message = self._inbox.open(identifier)
        self._inbox.store.mark_read(identifier)
        wanted = request.query_params.get("view", "html")
        shown_as = wanted if wanted in _SHOWN_AS and (wanted != "html" or message.html) else "text"
        raw = self._inbox.store.raw(identifier)
        return {
            "opened": identifier,
            "mail": summary,
            "message": message,
            "shown_as": shown_as,
            "headers": headers(raw) if shown_as == "headers" else {},
            "source": raw[:_MAX_SOURCE].decode(errors="replace") if shown_as == "source" else "",
            "source_is_cut": len(raw) > _MAX_SOURCE,
        }

    def feedback(self, request: Request) -> Response:
        identifier, kind = request.path_params["id"], FEEDBACK.get(request.path_params["kind"])
        if kind is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"there is no such feedback; these are: {', '.join(FEEDBACK)}")
        summary, _ = self._inbox.open(identifier)
        result = self._simulator.send(kind, summary, headers(self._inbox.store.raw(identifier)))
        return self._render(request, **{**self._opened_mail(request, identifier), "feedback_result": result})

    def delete(self, request: Request) -> Response:
        identifier = request.path_params["id"]
        try:
            self._inbox.store.delete(identifier)
            self._text_messages.delete(identifier)
        except (MailNotFoundError, TextMessageNotFoundError):
            pass  # it is gone, as it should be
        return self._back_to_list(request)

    def delete_all(self, request: Request) -> Response:
        self._messages.delete_all()
        return self._back_to_list(request)

    def mark_unread(self, request: Request) -> Response:
        self._inbox.store.mark_read(request.path_params["id"], read=False)
        return self._back_to_list(request)

    def latest(self, _: Request) -> Response:
        return RedirectResponse(f"/inbox/{self._inbox.identifier('latest')}", HTTPStatus.SEE_OTHER)

    def mailpit_search(self, request: Request) -> Response:
        query = urlencode({"q": request.query_params.get("query", "")})
        return RedirectResponse(f"/inbox?{query}", HTTPStatus.SEE_OTHER)

    def _back_to_list(self, request: Request) -> Response:
        return RedirectResponse(f"/inbox{_Asked.of(request).parameters()}", HTTPStatus.SEE_OTHER)

    def _render(
        self, request: Request, *, status: int = 200, opened: Any = None, missing: bool = False, **values: Any
    ) -> Response:
        """Return the page, or 204 if its list is the one that the browser says it shows."""
        asked, problem = _Asked.of(request), ""
        try:
            page = self._messages.page(limit=asked.limit, query=asked.query)
        except SearchQueryError as error:
            page, problem = self._messages.page(limit=0), str(error)
        version = _version(page, problem)
        if request.query_params.get("shown") == version:
            return Response(status_code=HTTPStatus.NO_CONTENT)
        return self._pages.render(
            request,
            "inbox/templates/inbox.html",
            status=status,
            asked=asked,
            page=page,
            problem=problem,
            version=version,
            opened=opened,
            missing=missing,
            feedback=FEEDBACK,
            sample=None if page.total else sample_title(self._application),
            sample_path=SAMPLE_PATH,
            **{"mail": None, "text_message": None, "feedback_result": None, **values},
        )


def _version(page: MessagePage, problem: str) -> str:
    """Return a text that changes with what the list shows, and with the day, since it shows the time or the date."""
    listed = [(each.id, each.summary.mail.read, each.summary.mail.tags) for each in page.messages]
    shown = repr((page.total, page.unread, page.found, listed, problem, datetime.now().astimezone().date()))
    return hashlib.sha256(shown.encode()).hexdigest()[:16]


def _moment(moment: datetime) -> str:
    """Return a moment in the words of a person, in the time of this machine."""
    return moment.astimezone().strftime("%A, %-d %B %Y, %H:%M:%S")


def _short_moment(moment: datetime) -> str:
    """Return the time of today's moments, and the day of others."""
    local = moment.astimezone()
    is_today = local.date() == datetime.now().astimezone().date()
    return local.strftime("%H:%M" if is_today else "%-d %b")
