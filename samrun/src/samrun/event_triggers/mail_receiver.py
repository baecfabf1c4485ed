"""Receiver of mails: what the local SES sends to the recipients of a receipt rule is received by that rule.

https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action.html
"""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from samrun.errors import SamrunError
from samrun.event_triggers.mail_receipt_events import IncomingMail, receipt_event, receipt_notification
from samrun.functions.threaded_invocation import Invoke, wait_for_result
from samrun.services.clients import Clients
from samrun.services.mail_store import MailNotFoundError, MailStore
from samrun.services.message_sender import send_message
from samrun.template.model.mail_receipts import ReceiptRule

# Seconds between two looks for new mails.
_POLL = 0.3
# Answers of an action about the rules after it, as a function returns them.
_CONTINUE, _STOP_RULE, _STOP_RULE_SET = "CONTINUE", "STOP_RULE", "STOP_RULE_SET"


@dataclass(frozen=True, kw_only=True)
class MailReceiver:
    """Receiver of the mails in a store; `run` blocks until `stop`. The mails that are there at first are not received.

    `accept` takes an event for a function and returns at once, and `invoke` waits for the function. `report` takes
    lines about what happened.
    """

    rules: Sequence[ReceiptRule]
    mails: MailStore
    accept: Callable[[str, bytes], object]
    invoke: Invoke
    client: Clients
    report: Callable[[str], None]
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)

    def run(self) -> None:
        """Receive mails until `stop` is called."""
        known = {each.id for each in self.mails.entries()}
        while not self._stopping.wait(_POLL):
            present = [each.id for each in self.mails.entries()]
            for identifier in reversed(present):  # the oldest first
                if identifier not in known:
                    self.receive(identifier)
            known = set(present)

    def stop(self) -> None:
        """End `run`."""
        self._stopping.set()

    def receive(self, identifier: str) -> None:
        """Do for a mail what the rules of its recipients say."""
        try:
            mail, raw = self.mails.get(identifier), self.mails.raw(identifier)
        except MailNotFoundError:  # somebody has deleted it
            return
        stopped: set[str] = set()
        for rule in self.rules:
            recipients = rule.recipients_among(mail.recipients)
            if recipients and rule.rule_set not in stopped:
                received = IncomingMail(
                    id=identifier, sender=mail.sender, recipients=recipients, created=mail.created, raw=raw
                )
                if self._apply(rule, received) == _STOP_RULE_SET:
                    stopped.add(rule.rule_set)

    def _apply(self, rule: ReceiptRule, received: IncomingMail) -> str:
        """Do the actions of a rule, and return whether the others of its set apply, too."""
        self.report(f"{rule.logical_id} receives a mail to {', '.join(received.recipients)}")
        for action in rule.actions:
            [(name, properties)] = action.items()
            try:
                answer = self._act(rule, name, properties, received)
            except (BotoCoreError, ClientError, SamrunError) as error:
                self.report(f"{rule.logical_id}: {name} failed: {error}")
                continue
            if answer != _CONTINUE:
                return answer
        return _CONTINUE

    def _act(self, rule: ReceiptRule, name: str, properties: dict[str, Any], received: IncomingMail) -> str:
        match name:
            case "AddHeaderAction":
                received.add_header(str(properties["HeaderName"]), str(properties["HeaderValue"]))
            case "S3Action":
                key = f"{properties.get('ObjectKeyPrefix', '')}{received.id}"
                self.client("s3").put_object(Bucket=properties["BucketName"], Key=key, Body=received.raw)
                self._tell_topic(properties, received, {"type": "S3", "objectKey": key, **_named(properties)})
            case "SNSAction":
                self._tell_topic(properties, received, {"type": "SNS", **_named(properties)}, with_content=True)
            case "LambdaAction":
                answer = self._invoke(rule, properties, received)
                self._tell_topic(properties, received, {"type": "Lambda", **_named(properties)})
                return answer
            case "StopAction":
                self._tell_topic(properties, received, {"type": "Stop", **_named(properties)})
                return _STOP_RULE_SET
        return _CONTINUE

    def _invoke(self, rule: ReceiptRule, properties: dict[str, Any], received: IncomingMail) -> str:
        function = rule.functions.get(str(properties["FunctionArn"]))
        if function is None:
            return _CONTINUE
        kind = properties.get("InvocationType", "Event")
        action = {"type": "Lambda", "invocationType": kind, **_named(properties)}
        payload = json.dumps(receipt_event(received, action)).encode()
        if kind == "Event":
            self.accept(function, payload)
            return _CONTINUE
        result = wait_for_result(self.invoke(function, payload), self._stopping)
        answer = json.loads(result.payload or b"null") if result and not result.function_error else None
        disposition = str(answer.get("disposition")).upper() if isinstance(answer, dict) else _CONTINUE
        return disposition if disposition in (_STOP_RULE, _STOP_RULE_SET) else _CONTINUE

    def _tell_topic(
        self,
        properties: dict[str, Any],
        received: IncomingMail,
        action: dict[str, Any],
        *,
        with_content: bool = False,
    ) -> None:
        if topic := properties.get("TopicArn"):
            encoding = properties.get("Encoding", "UTF-8") if with_content else None
            text = json.dumps(receipt_notification(received, action, encoding=encoding))
            send_message(str(topic), text, self.client, Subject="Amazon SES Email Receipt Notification")


def _named(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the names of an action's resources as events have them, such as bucketName."""
    names = ("TopicArn", "BucketName", "ObjectKeyPrefix", "FunctionArn", "Encoding", "Scope")
    return {name[0].lower() + name[1:]: properties[name] for name in names if name in properties}
