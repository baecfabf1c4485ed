"""Functions of the integrations: each answers with what it got."""

import json
import os
import urllib.request
from typing import Any


def record(event: Any, _context: object) -> Any:
    """Return nothing of interest: a test asks the stack for the event."""
    return {"statusCode": 200, "body": "{}"} if isinstance(event, dict) and "requestContext" in event else None


def enrich(event: Any, _context: object) -> Any:
    """Return the body of the only message, and that it was enriched."""
    [message] = event
    return {**json.loads(message["body"]), "enriched": True}


def read_secret(_event: object, _context: object) -> Any:
    """Return the secret as the extension returns it."""
    port = os.environ["PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"]
    request = urllib.request.Request(
        f"http://localhost:{port}/secretsmanager/get?secretId=door",
        headers={"X-Aws-Parameters-Secrets-Token": os.environ["AWS_SESSION_TOKEN"]},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.load(answer)["SecretString"]
