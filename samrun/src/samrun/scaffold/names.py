"""Names of a new service, of its topic and of its types of events: checked, since they become code."""

import keyword
import re
import sys
from typing import NamedTuple

from samrun.errors import UserError

_MAX_NAME = 32
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# Packages that the generated code imports: one of the same name would hide them.
_IMPORTED = frozenset({"aws_lambda_powertools", "boto3", "botocore", "kafka", "pydantic", "pytest", "samrun"})


class InvalidNameError(UserError):
    """A name that a service, a topic or a type of events cannot have. The message says which ones it can."""


class ServiceName(NamedTuple):
    """Name of a service, such as `order-reviews`, in its forms."""

    name: str

    @property
    def package(self) -> str:
        """The name of its Python package: order_reviews."""
        return self.name.replace("-", "_")

    @property
    def title(self) -> str:
        """The beginning of its logical ids in the template: OrderReviews."""
        return "".join(word.capitalize() for word in self.name.split("-"))


def service_name(text: str) -> ServiceName:
    """Return the name of a service. Raises InvalidNameError."""
    if not _NAME.fullmatch(text) or len(text) > _MAX_NAME:
        raise InvalidNameError(
            f"{text!r} cannot be the name of a service: write lower-case letters and digits, with hyphens between "
            f"words and a letter first, such as order-reviews, {_MAX_NAME} characters at most."
        )
    name = ServiceName(text)
    if name.package in _IMPORTED | sys.stdlib_module_names or keyword.iskeyword(name.package):
        raise InvalidNameError(
            f"{text!r} cannot be the name of a service: its package {name.package} would hide Python's or a library's "
            f"own {name.package}. Take a longer name, such as {text}-service."
        )
    return name


def topic_name(text: str) -> str:
    """Return the name of a topic. Raises InvalidNameError."""
    if not _TOPIC.fullmatch(text) or text in {".", ".."}:
        raise InvalidNameError(
            f"{text!r} cannot be a topic of Kafka: its name has letters, digits, dots, hyphens and underscores, "
            "249 at most."
        )
    return text


def event_type(text: str) -> str:
    """Return a type of events. Raises InvalidNameError."""
    if not _TYPE.fullmatch(text):
        raise InvalidNameError(
            f"{text!r} cannot be a type of events here: write letters, digits, dots, hyphens and underscores, such as "
            "order.paid.v1, 100 characters at most."
        )
    return text
