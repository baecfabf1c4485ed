"""Messages of topics to people: mails and text messages, kept as those that functions send."""

import json
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP

from samrun.services.clients import Clients
from samrun.services.mail_store import MailStore
from samrun.template.model.triggers import AddressSubscription

_SENDER = "no-reply@sns.amazonaws.com"
_SUBJECT = "AWS Notification Message"


def send_to_address(subscription: AddressSubscription, message: str, *, mails: MailStore, client: Clients) -> None:
    """Send a message of a topic, as SNS sends it to a queue, as the mail or the text message of a subscription.

    Raises the errors of boto3.
    """
    content, now = json.loads(message), datetime.now(UTC)
    if subscription.protocol == "sms":
        client("sns").publish(PhoneNumber=subscription.address, Message=content["Message"])
        return
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"AWS Notifications <{_SENDER}>"
    mail["To"] = subscription.address
    mail["Subject"] = " ".join(str(content.get("Subject") or _SUBJECT).split())
    mail.set_content(message if subscription.protocol == "email-json" else content["Message"])
    mails.add(mail.as_bytes(), sender=_SENDER, recipients=[subscription.address], created=now)
