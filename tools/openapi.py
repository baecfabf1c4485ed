"""OpenAPI document of the API (docs/openapi.json), written from the code: python -m tools.openapi [--check]."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.generated_file import write_or_check

if TYPE_CHECKING:
    from collections.abc import Sequence

DOCUMENT = Path(__file__).parents[1] / "docs/openapi.json"

# The functions need these variables at import; the document does not depend on the values.
_ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-central-1",
    "KAFKA_AUTHENTICATION": "none",
    "KAFKA_BOOTSTRAP_SERVERS": "localhost:9092",
    "KAFKA_CA_SECRET_ARN": "",
    "KAFKA_SECRET_ARN": "",
    "NOTIFICATIONS_READ_SCOPE": "notifications:read",
    "NOTIFICATIONS_TABLE": "notifications",
    "ORDER_EVENTS_TOPIC": "order-events",
    "ORDERS_READ_ALL_SCOPE": "orders:read:all",
    "ORDERS_TABLE": "orders",
    "ORDERS_WRITE_SCOPE": "orders:write",
    "POWERTOOLS_METRICS_NAMESPACE": "orders",
}
# Powertools documents its own answer to an invalid request; the functions document theirs instead.
_POWERTOOLS_ERRORS = {"HTTPValidationError", "ResponseValidationError", "ValidationError"}


class NameTakenError(Exception):
    """Two functions document different paths or schemas under the same name."""


def generate() -> str:
    """Return the OpenAPI document as JSON text: the routes of the order function and of the history function."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from functions.notify.handlers import history  # these imports need the environment above
    from functions.order.handlers import api

    document = json.loads(api.app.get_openapi_json_schema())
    add(document, json.loads(history.app.get_openapi_json_schema()))
    for name in _POWERTOOLS_ERRORS:
        del document["components"]["schemas"][name]
    document["paths"] = dict(sorted(document["paths"].items()))
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"] = {
                status: response
                for status, response in sorted(operation["responses"].items())
                if "HTTPValidationError" not in json.dumps(response)
            }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def add(document: dict[str, Any], other: dict[str, Any]) -> None:
    """Add the paths and the schemas of another function to the document. Raises NameTakenError."""
    for to, more in (
        (document["paths"], other["paths"]),
        (document["components"]["schemas"], other["components"]["schemas"]),
    ):
        if taken := [name for name in more if name in to and to[name] != more[name]]:
            raise NameTakenError(f"Two functions document a different {', '.join(taken)}. Rename one of the two.")
        to.update(more)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the document, or check that it is up to date. Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.openapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file is not up to date")
    check = parser.parse_args(arguments).check
    return write_or_check(DOCUMENT, generate(), check=check, command="python -m tools.openapi")


if __name__ == "__main__":
    sys.exit(main())
