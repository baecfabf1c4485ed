"""Run of chaos: start the stack, load it, disturb it, heal it, wait for the backlog, and judge."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from kafka import KafkaProducer
from kafka.errors import KafkaError

from samrun.testing.aws import client
from tools.chaos.checker import MAX_BACKLOG, Violation, check
from tools.chaos.clock_skew import skew_clocks
from tools.chaos.components import Components
from tools.chaos.customers import Customers
from tools.chaos.evidence import TOPIC, Evidence, Sources
from tools.chaos.fault_plan import Fault
from tools.chaos.history import History
from tools.chaos.nemesis import Nemesis

# Seconds.
_LONGEST_BACKLOG = 240.0
_LOOK = 0.5
# EventBridge's shortest rate is a minute: a run invokes the relay more often, so that it measures recovery.
_RELAY_PAUSE = 10.0
_POISON_PAUSE = 7.0


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """Result of a run: what was seen, and the promises that were broken."""

    history: History
    evidence: Evidence
    violations: Sequence[Violation]


def run_chaos(
    folder: Path,
    project: Path,
    *,
    seed: int,
    seconds: float,
    faults: Sequence[Fault],
    rate: float,
    progress: Callable[[str], None] = print,
    max_backlog: float = MAX_BACKLOG,
) -> RunResult:
    """Run the stack of the folder `project` for some seconds under load and faults; its data goes into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    skew_clocks(project, seed)
    history = History(file=folder / "history.jsonl")
    began = time.monotonic()
    with Components(folder, project, history) as components:
        progress(f"the stack runs after {time.monotonic() - began:.0f} s; {len(faults)} faults in {seconds:.0f} s")
        sources = Sources(
            bootstrap=components.broker.service.bootstrap,
            dynamodb=components.database.service.url,
            mails=components.local_aws.service.mails,
        )
        token = components.stack.stack.issue_token(
            audience="orders", sub="cus_ada", scope="orders:write orders:read:all"
        )
        customers = Customers(api=components.api, token=token, history=history, rate=rate, seed=seed)
        with _periodic(_RELAY_PAUSE, lambda: _invoke_relay(components)):
            with _periodic(_POISON_PAUSE, lambda: _produce_poison(sources.bootstrap)):
                customers.start()
                try:
                    end = time.monotonic() + seconds
                    Nemesis(components=components, faults=faults).run()
                    time.sleep(max(0.0, end - time.monotonic()))
                finally:
                    customers.stop()
            healed = time.monotonic()
            drained_after = _wait_for_backlog(sources, components, healed, progress)
        evidence = sources.collect(drained_after=drained_after)
    return RunResult(history=history, evidence=evidence, violations=check(history, evidence, max_backlog=max_backlog))


def _wait_for_backlog(
    sources: Sources, components: Components, healed: float, progress: Callable[[str], None]
) -> float | None:
    said = healed
    while time.monotonic() < healed + _LONGEST_BACKLOG:
        left = sources.backlog()
        if not left and components.stack.stack.has_committed_all("local-notify"):
            return time.monotonic() - healed
        if time.monotonic() > said + 10:
            said = time.monotonic()
            progress(f"{said - healed:.0f} s after healing: {left or 'offsets to commit'}")
        time.sleep(_LOOK)
    return None


@contextmanager
def _periodic(pause: float, action: Callable[[], None]) -> Iterator[None]:
    stopping = threading.Event()

    def repeat() -> None:
        while not stopping.wait(pause):
            action()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _invoke_relay(components: Components) -> None:
    url = f"http://127.0.0.1:{components.ports['lambda']}"
    functions = client("lambda", url, connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1})
    with closing(functions), suppress(BotoCoreError, ClientError):
        functions.invoke(FunctionName="RelayFunction", InvocationType="Event")


def _produce_poison(bootstrap: str) -> None:
    with suppress(KafkaError):
        producer = KafkaProducer(bootstrap_servers=bootstrap, bootstrap_timeout_ms=2000, max_block_ms=2000)
        try:
            producer.send(TOPIC, key=b"poison", value=b"{not JSON").get(timeout=3)
        finally:
            producer.close(timeout=0)
