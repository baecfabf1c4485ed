"""The channels that customers are told over: how each writes and sends a notification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from functions.notify.events import OrderEvent
    from functions.notify.ledger import Notification
    from functions.notify.mailer import Mailer
    from functions.notify.messages import Messages
    from functions.notify.pace import Pace
    from functions.notify.texter import Texter


class Channel(Protocol):
    """A way to tell a customer, at its own pace."""

    @property
    def name(self) -> str:
        """As it is called in events and in the ledger."""
        ...

    @property
    def pace(self) -> Pace:
        """How fast it may be used."""
        ...

    def send(self, event: OrderEvent, notification: Notification) -> str:
        """Tell the customer of an event; return the provider's id. Raises RenderError and SendError."""
        ...


@dataclass(frozen=True, kw_only=True)
class MailChannel:
    """Mails, by SES."""

    name: ClassVar[str] = "mail"
    messages: Messages
    mailer: Mailer
    pace: Pace

    def send(self, event: OrderEvent, notification: Notification) -> str:
        """Mail the customer of an event, as Channel says."""
        return self.mailer.send(
            self.messages.render(event),
            to=event.data.customer.email,
            name=event.data.customer.name or "",
            tags={"order_id": notification.order_id, "notification_id": notification.id},
        )


@dataclass(frozen=True, kw_only=True)
class TextChannel:
    """Text messages, by SNS."""

    name: ClassVar[str] = "text"
    messages: Messages
    texter: Texter
    pace: Pace

    def send(self, event: OrderEvent, notification: Notification) -> str:
        """Text the customer of an event, as Channel says."""
        text = self.messages.render_text(event)
        return self.texter.send(text, to=event.data.customer.phone)
