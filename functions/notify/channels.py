"""The channels that customers are told over: how each writes and sends a notification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from aws_lambda_powertools import Logger

from functions.notify import events
from functions.notify.messages import RenderError

if TYPE_CHECKING:
    from functions.notify.breaker import CircuitBreaker
    from functions.notify.events import OrderEvent
    from functions.notify.ledger import Notification
    from functions.notify.mailer import Mailer
    from functions.notify.messages import Messages
    from functions.notify.pace import Pace
    from functions.notify.texter import Texter

logger = Logger()


class Channel(Protocol):
    """A way to tell a customer, at its own pace."""

    @property
    def name(self) -> events.Channel:
        """As it is called in events and in the ledger."""
        ...

    @property
    def pace(self) -> Pace:
        """How fast it may be used."""
        ...

    @property
    def breaker(self) -> CircuitBreaker:
        """Whether it may be used: not while its provider does not answer."""
        ...

    def send(self, event: OrderEvent, notification: Notification) -> str:
        """Tell the customer of an event; return the provider's id. Raises RenderError and SendError."""
        ...


@dataclass(frozen=True, kw_only=True)
class MailChannel:
    """Mails, by SES."""

    messages: Messages
    mailer: Mailer
    pace: Pace
    breaker: CircuitBreaker
    name: events.Channel = events.Channel.MAIL

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

    messages: Messages
    texter: Texter
    pace: Pace
    breaker: CircuitBreaker
    name: events.Channel = events.Channel.TEXT

    def send(self, event: OrderEvent, notification: Notification) -> str:
        """Text the customer of an event, as Channel says."""
        message, phone = self.messages.render_text_message(event), event.data.customer.phone
        if message is None or phone is None:
            raise RenderError("there is no text message for this customer")
        logger.info("text message written", extra={"order_id": notification.order_id, "segments": message.segments})
        return self.texter.send(message.text, to=phone)
