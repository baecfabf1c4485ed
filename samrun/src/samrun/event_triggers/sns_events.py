"""Events that a function gets of a topic: https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

# SNS writes these names in another way for Lambda.
_RENAMED = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}


def sns_event(message: str) -> bytes:
    """Return the JSON event of a message that SNS sent to a queue."""
    content: dict[str, Any] = json.loads(message)
    sns: dict[str, Any] = {"Subject": None, "MessageAttributes": {}}
    sns |= {_RENAMED.get(name, name): value for name, value in content.items()}
    record = {
        "EventVersion": "1.0",
        "EventSubscriptionArn": _subscription(content),
        "EventSource": "aws:sns",
        "Sns": sns,
    }
    return json.dumps({"Records": [record]}).encode()


def _subscription(content: dict[str, Any]) -> str:
    """Return the ARN of the subscription, which the URL to end it contains."""
    query = parse_qs(urlsplit(content.get("UnsubscribeURL", "")).query)
    return str(query.get("SubscriptionArn", [content["TopicArn"]])[0])
