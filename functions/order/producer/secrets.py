"""Secrets of Secrets Manager, read anew at most once a minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError, TransformParameterError
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.parameters import SecretsProvider

# Two secrets are read within the budget of one send, 2 s: 0.5 s to connect, once, and 0.5 s for each answer.
SECRETS_CONFIG = Config(connect_timeout=0.5, read_timeout=0.5, retries={"total_max_attempts": 1})

# For no longer than this does a login go wrong because the password was changed.
_MAX_AGE_SECONDS = 60


class SecretUnavailableError(Exception):
    """A secret cannot be read, or is not what it should be. The message holds nothing of it."""


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A JSON object of texts. `setting` is the environment variable that has its ARN, `provider` is called late."""

    arn: str
    setting: str
    provider: Callable[[], SecretsProvider]

    def read(self, *fields: str) -> list[str]:
        """The texts of `fields`. Raises SecretUnavailableError."""
        content = self._content()
        values = [content.get(field) for field in fields] if isinstance(content, dict) else []
        texts = [value for value in values if isinstance(value, str) and value]
        if len(texts) < len(fields):
            shape = ", ".join(f'"{field}": "…"' for field in fields)
            raise self.wrong(f"is not of the form {{{shape}}}")
        return texts

    def wrong(self, problem: str) -> SecretUnavailableError:
        """The error that says which secret has which problem."""
        return SecretUnavailableError(f"the secret that {self.setting} names {problem}")

    def _content(self) -> object:
        try:
            return self.provider().get(self.arn, max_age=_MAX_AGE_SECONDS, transform="json")
        except GetParameterError as error:
            raise self.wrong(f"cannot be read: {error}") from error
        except TransformParameterError:
            # Without its cause, which holds the secret's text.
            raise self.wrong("is no JSON") from None
