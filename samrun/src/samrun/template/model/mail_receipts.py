"""Receipt rules of SES: what becomes of the mails to the recipients of a template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class ReceiptRule:
    """A rule for the mails to some recipients: addresses, domains, or (with a dot first) all subdomains of a domain.

    `actions` are in their order, each by CloudFormation's names. `functions` are the functions of the template, by the
    ARNs that the actions name. `rule_set` is the name of its set.
    """

    logical_id: str
    name: str
    rule_set: str
    recipients: Sequence[str]
    actions: Sequence[Mapping[str, Any]]
    functions: Mapping[str, str]

    def recipients_among(self, addresses: Sequence[str]) -> list[str]:
        """Return the addresses that are recipients of the rule."""
        return [each for each in addresses if any(_matches(each.lower(), known.lower()) for known in self.recipients)]


def _matches(address: str, recipient: str) -> bool:
    domain = address.rpartition("@")[2]
    if recipient.startswith("."):
        return domain.endswith(recipient)
    return recipient in (address, domain)
