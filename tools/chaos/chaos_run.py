"""Run of chaos: start the stack, load it, disturb it, heal it, wait for the backlog, and judge."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from kafka import KafkaProducer
from kafka.errors import KafkaError

from tools.chaos.checker import MAX_BACKLOG, Violation, check
from tools.chaos.clock_skew import skew_clocks
from tools.chaos.components import Components
from tools.chaos.customers import Customers
from tools.chaos.evidence import Evidence, Sources
from tools.chaos.fault_plan import Fault
from tools.chaos.history import History
from tools.chaos.interruption import interruptible
from tools.chaos.invocations import invoke_relay
from tools.chaos.nemesis import Nemesis
from tools.chaos.source_address import give_addresses

# Seconds.
_LOOK = 0.5
# EventBridge's shortest rate is a minute: a run invokes the relay more often, so that it measures recovery.
_RELAY_PAUSE = 10.0
_POISON_PAUSE = 7.0
_FIRST_ANSWER = 60.0


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """Settings of a run: `seconds` of load, `rate` orders per second, and the faults.

    `patience` is how long the run waits for the backlog, and `relay_pause` the time between two invocations of the
    relay, in seconds. `variables` are further environment variables of samrun.
    """

    seed: int
    seconds: float
    faults: Sequence[Fault]
    rate: float = 5.0
    max_backlog: float = MAX_BACKLOG
    patience: float = 240.0
    relay_pause: float = _RELAY_PAUSE
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """Result of a run: what was seen, and the promises that were broken."""

    history: History
    evidence: Evidence
    violations: Sequence[Violation]


def run_chaos(
    folder: Path,
    project: Path,
    settings: RunSettings,
    *,
    progress: Callable[[str], None] = print,
    watch: Callable[[Components], AbstractContextManager[object]] = lambda _: nullcontext(),
) -> RunResult:
    """Run the stack of the folder `project` under load and faults; its data goes into `folder`.

    The context that `watch` returns is entered when everything runs, and left when the load ends.
    """
    skew_clocks(project, settings.seed)
    give_addresses(project)
    history = History(file=folder / "history.jsonl")
    began = time.monotonic()
    with Components(folder, project, history, variables=settings.variables) as components:
        progress(f"the stack runs after {time.monotonic() - began:.0f} s")
        sources = Sources(
            bootstrap=components.broker.service.bootstrap,
            dynamodb=components.database.service.url,
            mails=components.local_aws.service.mails,
            topic=components.mapping.topic,
        )
        with (
            _periodic(settings.relay_pause, lambda: invoke_relay(components)),
            _periodic(_POISON_PAUSE, lambda: _produce_poison(sources)) as poison,
        ):
            with watch(components):
                healed = _disturb_under_load(components, settings)
            poison.set()
            with interruptible():
                drained_after = _wait_for_backlog(sources, components, healed, settings.patience, progress)
        evidence = sources.collect(drained_after=drained_after)
    violations = check(history, evidence, max_backlog=settings.max_backlog)
    return RunResult(history=history, evidence=evidence, violations=violations)


def _disturb_under_load(components: Components, settings: RunSettings) -> float:
    """Return when everything was healed, by the monotonic clock; customers have been answered since.

    Without faults, there is nothing to heal: then it is the end of the load.
    """
    token = components.stack.stack.issue_token(audience="orders", sub="cus_ada", scope="orders:write orders:read:all")
    customers = Customers(
        api=components.api, token=token, history=components.history, rate=settings.rate, seed=settings.seed
    )
    customers.start()
    try:
        with interruptible():
            _wait_for_first_answer(components.history)
        end = time.monotonic() + settings.seconds
        Nemesis(components=components, faults=settings.faults).run()
        healed = time.monotonic()
        with interruptible():
            time.sleep(max(0.0, end - time.monotonic()))
            loaded = time.monotonic()
            customers.stop()
    except BaseException:
        customers.abandon()
        raise
    with interruptible():
        customers.probe()
    return healed if settings.faults else loaded


def _wait_for_first_answer(history: History) -> None:
    """Wait until a customer has an answer, whatever it is: a slow start must not outlast the first faults."""
    end = time.monotonic() + _FIRST_ANSWER
    while time.monotonic() < end and not any(call.status for call in history.calls):
        time.sleep(_LOOK)


def _wait_for_backlog(
    sources: Sources, components: Components, healed: float, patience: float, progress: Callable[[str], None]
) -> float | None:
    said = healed
    while time.monotonic() < healed + patience:
        left = sources.backlog(lost_marks={each.notification_id for each in components.history.lost_marks})
        if not left and components.stack.stack.has_committed_all(components.mapping.consumer_group):
            return time.monotonic() - healed
        if time.monotonic() > said + 10:
            said = time.monotonic()
            progress(f"{said - healed:.0f} s after healing: {left or 'offsets to commit'}")
        time.sleep(_LOOK)
    return None


@contextmanager
def _periodic(pause: float, action: Callable[[], None]) -> Iterator[threading.Event]:
    """Do something again and again, until the context ends or its event is set."""
    stopping = threading.Event()

    def repeat() -> None:
        while not stopping.wait(pause):
            action()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield stopping
    finally:
        stopping.set()
        thread.join()


def _produce_poison(sources: Sources) -> None:
    with suppress(KafkaError):
        producer = KafkaProducer(bootstrap_servers=sources.bootstrap, bootstrap_timeout_ms=2000, max_block_ms=2000)
        try:
            producer.send(sources.topic, key=b"poison", value=b"{not JSON").get(timeout=3)
        finally:
            producer.close(timeout=0)
