"""Secrets of Secrets Manager, cached for a minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError, TransformParameterError
from botocore.config import Config

from functions.order.errors import OrderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.parameters import SecretsProvider

# A send may read two secrets within its budget of 2 s: 0.5 s to connect, once, and 0.5 s for each answer.
SECRETS_CONFIG = Config(connect_timeout=0.5, read_timeout=0.5, retries={"total_max_attempts": 1})

# After a password has changed, authentication can fail for no longer than this.
_MAX_AGE_SECONDS = 60


class SecretUnavailableError(OrderError):
    """A secret cannot be read, or has another form. The message contains nothing of the secret."""


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A JSON object of texts. `setting` is the environment variable that has its ARN; `read` calls `provider`."""

    arn: str
    setting: str
    provider: Callable[[], SecretsProvider]

    def read(self, *fields: str) -> list[str]:
        """Return the texts of `fields`. Raises SecretUnavailableError."""
        content = self._content()
        values = [content.get(field) for field in fields] if isinstance(content, dict) else []
        texts = [value for value in values if isinstance(value, str) and value]
        if len(texts) < len(fields):
            shape = ", ".join(f'"{field}": "…"' for field in fields)
            raise self.error(f"is not of the form {{{shape}}}")
        return texts

    def error(self, problem: str) -> SecretUnavailableError:
        """Build the error that says which secret has which problem."""
        return SecretUnavailableError(f"the secret that {self.setting} names {problem}")

    def _content(self) -> object:
        try:
            return self.provider().get(self.arn, max_age=_MAX_AGE_SECONDS, transform="json")
        except GetParameterError as error:
            raise self.error(f"cannot be read: {error}") from error
        except TransformParameterError:
            # Without its cause, which contains the secret's text.
            raise self.error("is not JSON") from None
