"""Secrets of Secrets Manager in the forms that Lambda reads: JSON objects of texts."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from samrun.errors import SamrunError


class SecretError(SamrunError):
    """A secret cannot be read, or has another form. The message contains nothing of the secret."""


def read_secret(manager: Any, arn: str, *fields: str, optional: Collection[str] = ()) -> Mapping[str, str]:
    """Return these fields of a secret, those of `optional` only where it has them. Raises SecretError.

    `manager` is the boto3 client of Secrets Manager.
    """
    try:
        text = manager.get_secret_value(SecretId=arn).get("SecretString", "")
    except (BotoCoreError, ClientError) as error:
        raise SecretError(f"the secret {arn} cannot be read: {error}") from error
    try:
        content = json.loads(text)
        wanted = [*fields, *(field for field in optional if content.get(field) is not None)]
        return {field: str(content[field]) for field in wanted}
    except (ValueError, TypeError, KeyError, AttributeError):
        shape = ", ".join(f'"{field}": "…"' for field in fields)
        raise SecretError(f"the secret {arn} is not of the form {{{shape}}}") from None
