"""A running stack of the order system."""

from collections.abc import Sequence
from typing import Any

import httpx

from samrun.testing.stack import RunningStack
from samrun.testing.waiting import eventually

CONSUMER_GROUP = "local-notify-order-events"  # of notify's mapping in template.yaml: stack name, notify, topic


class OrderStack(RunningStack):
    """A stack of the order system's template, and what a customer and a shop do with it."""

    consumer_groups: Sequence[str] = (CONSUMER_GROUP,)

    def token(self, *, sub: str = "cus_ada", scope: str = "") -> str:
        """Return a token for the API."""
        return self.issue_token(audience="orders", sub=sub, scope=scope)

    def get(self, path: str, *, token: str | None = None) -> httpx.Response:
        """Get a path of the API, as the customer cus_ada if there is no token."""
        headers = {"authorization": f"Bearer {token or self.token()}"}
        return httpx.get(f"{self.endpoints['api']}{path}", headers=headers, timeout=30)

    def place(self, reference: str, *, token: str | None = None, **changes: Any) -> httpx.Response:
        """Place an order by HTTP, with a token that may do so if none is given.

        Its mail goes to <reference>@example.com.
        """
        order = {
            "customer": {"id": "cus_ada", "name": "Ada Lovelace", "email": f"{reference}@example.com"},
            "items": [{"sku": "BOOK-1", "name": "Notes on the Engine", "quantity": 2, "unit_price": "12.50"}],
            "currency": "EUR",
            "payment": {"reference": reference},
        }
        headers = {"authorization": f"Bearer {token or self.token(scope='orders:write')}"}
        return httpx.post(f"{self.endpoints['api']}/orders", json=order | changes, headers=headers, timeout=30)

    def wait_for_mails_to(self, references: list[str], *, sends_cut_off: int = 0) -> None:
        """Wait until the mapping has committed every event; fail if an order has no mail, or one has two.

        A send that was under way when its sender was killed may have gone out, and is sent again: as many mails as
        `sends_cut_off` may be double.
        """
        expected = sorted(f"{reference}@example.com" for reference in references)
        eventually(lambda: len(self.recipients()) >= len(expected), what=f"{len(expected)} mails")
        # A second mail to somebody would arrive before the mapping has committed everything.
        eventually(self.is_caught_up, what="the mapping to commit all records")
        recipients = self.recipients()
        assert sorted(set(recipients)) == expected
        assert len(recipients) <= len(expected) + sends_cut_off

    def is_caught_up(self) -> bool:
        """Tell whether each mapping has committed every record of the topic that it reads."""
        return all(self.has_committed_all(group) for group in self.consumer_groups)
