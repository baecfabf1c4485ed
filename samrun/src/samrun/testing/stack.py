"""A whole stack in a process of its own, on free ports and a data folder of its own, as a user starts it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
from kafka import KafkaAdminClient
from kafka.admin import OffsetSpec

from local.issuer import Issuer
from local.settings import PORTS

ROOT = Path(__file__).parents[2]
# Nothing here is timed: this only ends a test that would wait for ever.
PATIENCE = 90.0

_T = TypeVar("_T")


def eventually(look: Callable[[], _T | None], *, what: str, patience: float = PATIENCE) -> _T:
    """Return what `look` returns once that is true; fail with `what` was waited for."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {patience:.0f} s in vain for {what}")


class RunningStack:
    """A process of `python -m local`, and what a user does with it."""

    def __init__(
        self,
        project: Path,
        data: Path,
        *,
        command: str = "run",
        options: Sequence[str] = (),
        ports: dict[str, int] | None = None,
        environment: dict[str, str] | None = None,
        closed_terminal: bool = False,
    ) -> None:
        self.data = data
        self.log = data.with_suffix(".log")
        chosen = dict.fromkeys(PORTS, 0) | (ports or {})
        self._earlier_log = self.log.read_text() if self.log.exists() else ""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    *("-m", "local", command),
                    *("--template", str(project / "template.yaml"), "--data", str(data)),
                    *options,
                    *(word for name, port in chosen.items() for word in (f"--{name}-port", str(port))),
                ],
                cwd=ROOT,
                env=os.environ | (environment or {}),
                stdout=subprocess.PIPE if closed_terminal else log,
                stderr=subprocess.STDOUT,
            )

    def wait_until_ready(self, *, patience: float = PATIENCE) -> None:
        eventually(self._is_ready, what="the stack to be ready", patience=patience)
        self.endpoints: dict[str, str] = json.loads((self.data / "endpoints.json").read_text())
        self._issuer = Issuer(f"{self.endpoints['console']}/issuer", self.data)

    def _is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the stack ended with {self.process.returncode}:\n{self.log.read_text()}")
        if self.process.stdout:
            self.process.stdout.close()  # nobody reads on
            return (self.data / "endpoints.json").exists()
        return "\nReady after" in self.log.read_text()[len(self._earlier_log) :]

    def token(self, *, sub: str = "cus_ada", scope: str = "") -> str:
        """Return a token for the API."""
        return self._issuer.token(subject=sub, audience="orders", scope=scope)

    def get(self, path: str, *, token: str | None = None) -> httpx.Response:
        """Get something of the API, as the customer cus_ada unless told otherwise."""
        headers = {"authorization": f"Bearer {token or self.token()}"}
        return httpx.get(f"{self.endpoints['api']}{path}", headers=headers, timeout=30)

    def place(self, reference: str, *, token: str | None = None, **changes: Any) -> httpx.Response:
        """Place an order by HTTP, with a token that may do so unless told otherwise.

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

    def mails(self) -> list[dict[str, Any]]:
        """Return the mails in the inbox, by Mailpit's API."""
        answer = httpx.get(f"{self.endpoints['console']}/api/v1/messages", params={"limit": 1000}, timeout=30)
        messages: list[dict[str, Any]] = answer.raise_for_status().json()["messages"]
        return messages

    def recipients(self) -> list[str]:
        """Return to whom the mails went, sorted; who got two is in it twice."""
        return sorted(address["Address"] for mail in self.mails() for address in mail["To"])

    def wait_for_mails_to(self, references: list[str], *, sends_cut_off: int = 0) -> None:
        """Wait until every event is done with; fail if an order has no mail, or one has two.

        A send that was under way when its sender was killed may have gone out, and is sent again: so many may be
        double.
        """
        wanted = sorted(f"{reference}@example.com" for reference in references)
        eventually(lambda: len(self.recipients()) >= len(wanted), what=f"{len(wanted)} mails")
        # A second mail to somebody would come before the mapping has committed everything.
        eventually(self.is_caught_up, what="the mapping to commit all records")
        recipients = self.recipients()
        assert sorted(set(recipients)) == wanted
        assert len(recipients) <= len(wanted) + sends_cut_off

    def is_caught_up(self) -> bool:
        """Tell whether the mapping has committed every record of the topics that it reads."""
        admin = KafkaAdminClient(bootstrap_servers=self.endpoints["kafka"])
        try:
            committed = admin.list_group_offsets(["local-notify"])["local-notify"]
            ends = admin.list_partition_offsets(dict.fromkeys(committed, OffsetSpec.LATEST))
        finally:
            admin.close()
        return all(committed[partition].offset == end.offset for partition, end in ends.items()) and bool(committed)

    def logged(self, text: str) -> list[str]:
        """Return the lines of the terminal that hold `text`."""
        return [line for line in self.log.read_text().splitlines() if text in line]

    def processes(self) -> list[psutil.Process]:
        """Return every process of the stack."""
        main = psutil.Process(self.process.pid)
        return [main, *main.children(recursive=True)]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end, wait until it has, and return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE)

    def kill(self) -> None:
        """End whatever is left of it."""
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in self.processes():
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        self.process.wait()
