"""Functions of an application with a REST API, an HTTP API and a function URL."""

import json
from typing import Any


def authorize(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Allow the writer every method, and nobody else any."""
    effect = "Allow" if event["authorizationToken"] == "writer" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {"principalId": "ada", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Return the event; at /broken, return a response that is none, and at /plain, the body of the request."""
    if event.get("plain") == "missing":
        raise LookupError("there is no such thing")
    if "plain" in event:
        return event
    if event.get("resource") == "/broken":
        return {"statusCode": 200, "body": {"an": "object"}}
    return {"statusCode": 200, "body": json.dumps(event)}
