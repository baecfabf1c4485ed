"""Channels to a customer: how each writes and sends a notification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from functions.notify.domain.send_errors import RenderError
from functions.notify.events.customer_events import ChannelName
from functions.notify.logs import logger

if TYPE_CHECKING:
    from functions.notify.channels.circuit_breaker import CircuitBreaker
    from functions.notify.channels.mailer import Mailer
    from functions.notify.channels.rate_limiter import RateLimiter
    from functions.notify.channels.sms import SmsSender
    from functions.notify.events.customer_events import CustomerEvent
    from functions.notify.messages.messages import Messages


class Channel(Protocol):
    """A channel to the customer, with a rate limit and a circuit breaker of its own."""

    @property
    def name(self) -> ChannelName:
        """Its name in events and in the ledger."""
        ...

    @property
    def rate_limiter(self) -> RateLimiter:
        """Its rate limit."""
        ...

    @property
    def circuit_breaker(self) -> CircuitBreaker:
        """Its circuit breaker: open while its provider does not answer."""
        ...

    def send(self, event: CustomerEvent, *, notification_id: str) -> str:
        """Notify the customer of an event and return the provider's id. Raises RenderError and SendError."""
        ...


@dataclass(frozen=True, kw_only=True)
class MailChannel:
    """Mail by SES."""

    messages: Messages
    mailer: Mailer
    rate_limiter: RateLimiter
    circuit_breaker: CircuitBreaker
    name: ChannelName = ChannelName.MAIL

    def send(self, event: CustomerEvent, *, notification_id: str) -> str:
        """Send the mail about an event, as Channel says."""
        return self.mailer.send(
            self.messages.render(event),
            to=event.recipient.email,
            name=event.recipient.name or "",
            tags={"order_id": event.key, "notification_id": notification_id},
        )


@dataclass(frozen=True, kw_only=True)
class SmsChannel:
    """Text messages by SNS."""

    messages: Messages
    sms_sender: SmsSender
    rate_limiter: RateLimiter
    circuit_breaker: CircuitBreaker
    name: ChannelName = ChannelName.TEXT

    def send(self, event: CustomerEvent, *, notification_id: str) -> str:
        """Send the text message about an event, as Channel says."""
        message, phone = self.messages.render_text_message(event), event.recipient.phone
        if message is None or phone is None:
            raise RenderError("there is no text message for this customer")
        logger.info("text message rendered", extra={"order_id": event.key, "segments": message.segments})
        return self.sms_sender.send(message.text, to=phone)
