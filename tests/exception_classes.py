"""Exception classes of a boto3 client as two threads can find them: each use of `client.exceptions` makes others.

botocore makes them at their first use, without a lock: an error of the one class passes an `except` of the other.
"""

from typing import Any

import pytest
from botocore.errorfactory import ClientExceptionsFactory


def make_classes_at_each_use(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the client make its exception classes at each use, and not once."""

    def exceptions(client: Any) -> Any:
        return ClientExceptionsFactory().create_client_exceptions(client.meta.service_model)

    monkeypatch.setattr(type(client), "exceptions", property(exceptions))
