"""A running stack of the order system."""

from typing import Any

import httpx

from samrun.testing.stack import RunningStack
from samrun.testing.waiting import eventually


class OrderStack(RunningStack):
    """A stack of the order system's template, and what a customer and a shop do with it."""

    def token(self, *, sub: str = "cus_ada", scope: str = "") -> str:
        """Return a token for the API."""
        return self.issue_token(audience="orders", sub=sub, scope=scope)

    def get(self, path: str, *, token: str | None = None) -> httpx.Response:
        """Get a path of the API, as the customer cus_ada if there is no token."""
        return self.http.get(path, headers=_bearer(token or self.token()))

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
        return self.http.post(
            "/orders", json=order | changes, headers=_bearer(token or self.token(scope="orders:write"))
        )

    def cancel(self, order_id: str, *, reason: str, token: str) -> httpx.Response:
        """Cancel an order by HTTP."""
        return self.http.post(f"/orders/{order_id}/cancellation", json={"reason": reason}, headers=_bearer(token))

    def wait_for_mails_to(self, references: list[str], *, sends_cut_off: int = 0) -> None:
        """Wait until the stack is idle; fail if an order has no mail, or one has two.

        A send that was under way when its sender was killed may have gone out, and is sent again: as many mails as
        `sends_cut_off` may be double.
        """
        expected = sorted(f"{reference}@example.com" for reference in references)
        # An idle stack may have an event left in the outbox, for the next relay.
        eventually(lambda: len(self.recipients()) >= len(expected), what=f"{len(expected)} mails")
        self.wait_until_idle()
        recipients = self.recipients()
        assert sorted(set(recipients)) == expected
        assert len(recipients) <= len(expected) + sends_cut_off


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}
