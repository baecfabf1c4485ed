"""Customers of a run: a steady load of orders, repeats and cancellations, each asked again until it is answered."""

import asyncio
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from tools.chaos.history import ApiCall, History, now

# Seconds.
_PATIENCE = 12.0
_PAUSES = (0.3, 2.0)
_BEFORE_CANCELLING = (0.0, 3.0)
_LOOK = 0.3

_ATTEMPTS = 6
_CANCELLED, _REPEATED = 0.3, 0.1
_MAX_AT_ONCE = 40
_ANSWERED = {httpx.codes.OK, httpx.codes.CREATED}
_FINAL = range(400, 500)
_LATER = {httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS}
REASON = "Ordered twice by mistake"

# Orders after healing, and how their references begin.
PROBES = 3
PROBE = "probe-"


def address_of(reference: str) -> str:
    """Return the mail address of the customer with this payment."""
    return f"{reference}@example.com"


@dataclass(kw_only=True)
class Customers:
    """Customers who place `rate` orders per second at the API with the URL `api`, from `start` to `stop`."""

    api: str
    token: str
    history: History
    rate: float
    seed: int
    _stopping: threading.Event = field(default_factory=threading.Event)
    _abandoned: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread = field(init=False)
    _errors: list[BaseException] = field(default_factory=list)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="customers")
        self._thread.start()

    def stop(self) -> None:
        """Place no more orders, and wait until the last customer is answered or has given up."""
        self._stopping.set()
        self._thread.join()
        if self._errors:
            raise self._errors[0]

    def probe(self) -> None:
        """Place a few more orders, after `stop` and over new connections; wait until they are answered or given up."""
        asyncio.run(self._place_probes())

    def abandon(self) -> None:
        """End at once, with requests under way."""
        self._abandoned.set()
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._until_abandoned())
        except BaseException as error:  # noqa: BLE001 - `stop` raises it
            self._errors.append(error)

    async def _until_abandoned(self) -> None:
        orders = asyncio.ensure_future(self._place_orders())
        while not orders.done() and not self._abandoned.is_set():
            await asyncio.wait([orders], timeout=_LOOK)
        orders.cancel()
        with suppress(asyncio.CancelledError):
            await orders

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.api,
            headers={"authorization": f"Bearer {self.token}"},
            limits=httpx.Limits(max_connections=_MAX_AT_ONCE, max_keepalive_connections=20),
            timeout=_PATIENCE,
            trust_env=False,
        )

    async def _place_probes(self) -> None:
        async with self._client() as client, asyncio.TaskGroup() as probes:
            for number in range(1, PROBES + 1):
                customer = _Customer(
                    client=client,
                    history=self.history,
                    reference=f"{PROBE}{number}",
                    chance=Random(f"{self.seed} {PROBE}{number}"),  # noqa: S311
                )
                probes.create_task(customer.place())

    async def _place_orders(self) -> None:
        chance, number = Random(f"{self.seed} customers"), 0  # noqa: S311 - it can be repeated
        async with (
            self._client() as client,
            asyncio.TaskGroup() as customers,
        ):
            active: set[asyncio.Task[None]] = set()
            while not self._stopping.is_set():
                if len(active) < _MAX_AT_ONCE:
                    number += 1
                    customer = _Customer(
                        client=client,
                        history=self.history,
                        reference=f"pay-{number}",
                        chance=Random(chance.random()),  # noqa: S311
                    )
                    task = customers.create_task(customer.shop())
                    active.add(task)
                    task.add_done_callback(active.discard)
                await asyncio.sleep(chance.expovariate(self.rate))


@dataclass(kw_only=True)
class _Customer:
    client: httpx.AsyncClient
    history: History
    reference: str
    chance: Random

    async def shop(self) -> None:
        order_id = await self.place()
        if order_id is None:
            return
        if self.chance.random() < _REPEATED:
            await self.place()
        if self.chance.random() < _CANCELLED:
            await asyncio.sleep(self.chance.uniform(*_BEFORE_CANCELLING))
            await self._insist("cancel", f"/orders/{order_id}/cancellation", {"reason": REASON})

    async def place(self) -> str | None:
        return await self._insist("place", "/orders", self._order())

    def _order(self) -> dict[str, Any]:
        return {
            "customer": {"id": "cus_ada", "name": "Ada Lovelace", "email": address_of(self.reference)},
            "items": [{"sku": "BOOK-1", "name": "Notes on the Engine", "quantity": 2, "unit_price": "12.50"}],
            "currency": "EUR",
            "payment": {"reference": self.reference},
        }

    async def _insist(self, action: str, path: str, body: dict[str, Any]) -> str | None:
        """Ask until there is an answer that says yes or no, a few times at most; return the order's id if it is yes."""
        for _ in range(_ATTEMPTS):
            call = await self._ask(action, path, body)
            if call.status in _ANSWERED:
                return call.order_id
            if call.status in _FINAL and call.status not in _LATER:
                return None
            await asyncio.sleep(self.chance.uniform(*_PAUSES))
        return None

    async def _ask(self, action: str, path: str, body: dict[str, Any]) -> ApiCall:
        began = now()
        status, order_id = None, None
        try:
            response = await self.client.post(path, json=body)
            status = response.status_code
            order_id = response.json().get("order_id") if status in _ANSWERED else None
        except (httpx.HTTPError, ValueError):
            pass
        call = ApiCall(
            action=action, reference=self.reference, began=began, ended=now(), status=status, order_id=order_id
        )
        self.history.add(call)
        return call
