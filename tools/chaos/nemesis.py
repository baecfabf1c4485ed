"""Nemesis: injects the faults of a plan, those of each target one after the other, the targets side by side."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import psutil

from tools.chaos.components import Components, ServiceComponent, StackComponent
from tools.chaos.fault_plan import Fault
from tools.chaos.history import InjectedFault, now
from tools.chaos.interruption import interruptible
from tools.chaos.invocations import repeat_delivery

# A fault of samrun itself, which opens the gate, and invocations of functions, which end with samrun.
_OWN_GATE = {"samrun", "deliveries"}
# Files whose change makes samrun replace the environments of a function.
_RELOADED = ("functions/order/logs.py", "functions/notify/logs.py")


@dataclass(kw_only=True)
class Nemesis:
    """Nemesis of the components. `errors` are those of the harness itself."""

    components: Components
    faults: Sequence[Fault]
    errors: list[Exception] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Inject all faults; return when all are over and every component runs."""
        began = time.monotonic()
        by_target: dict[str, list[Fault]] = {}
        for fault in self.faults:
            by_target.setdefault(fault.target, []).append(fault)
        threads = [
            threading.Thread(target=self._inject_all, args=(faults, began), name=f"nemesis of {target}")
            for target, faults in by_target.items()
        ]
        for thread in threads:
            thread.start()
        try:
            with interruptible():
                for thread in threads:
                    thread.join()
        except KeyboardInterrupt:
            self.components.stack.abandon()
            raise
        finally:
            self._stopping.set()
            for thread in threads:
                thread.join()
            for edge in self.components.proxies.edges.values():
                self.components.proxies.call(edge.heal)
        if self.errors:
            raise self.errors[0]

    def _inject_all(self, faults: Sequence[Fault], began: float) -> None:
        gate = self.components.stack.gate
        for fault in faults:
            while (left := began + fault.at + gate.paused - time.monotonic()) > 0:
                if self._stopping.wait(left):
                    return
            at = now()
            try:
                if fault.target in _OWN_GATE:
                    process = self._inject(fault)
                else:
                    with gate.fault():
                        at = now()
                        process = self._inject(fault)
            except Exception as error:  # noqa: BLE001 - it is raised when the other threads have ended
                self.errors.append(error)
                self._stopping.set()
                return
            ended = now() if fault.seconds else None
            self.components.history.add(
                InjectedFault(target=fault.target, kind=fault.kind, began=at, ended=ended, process=process)
            )

    def _inject(self, fault: Fault) -> int:
        """Inject a fault, and wait until it is over. Return the process of the worker that it disturbed, or 0."""
        components = self.components
        services: Mapping[str, ServiceComponent | StackComponent] = {
            "broker": components.broker,
            "database": components.database,
            "local aws": components.local_aws,
            "samrun": components.stack,
        }
        if service := services.get(fault.target):
            (service.kill if fault.kind == "kill" else service.freeze)(fault.seconds)
        elif fault.target == "workers":
            return self._disturb_worker(fault)
        elif fault.target == "deliveries":
            repeat_delivery(components, fault.chance)
        else:
            self._disturb_edge(fault)
        return 0

    def _disturb_edge(self, fault: Fault) -> None:
        proxies = self.components.proxies
        edge = proxies.edges[fault.target]
        begin: Mapping[str, Callable[[], object]] = {
            "reset": edge.reset,
            "silence": edge.silence,
            "delay": lambda: edge.delay(fault.delay),
            "swallow": lambda: edge.swallow(True),
            "cut off": lambda: edge.cut_off(True),
        }
        proxies.call(begin[fault.kind])
        if fault.seconds:
            self._stopping.wait(fault.seconds)
            proxies.call(edge.heal)

    def _disturb_worker(self, fault: Fault) -> int:
        if fault.kind == "reload":
            path = self.components.project / _RELOADED[int(fault.chance * len(_RELOADED))]
            path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
            return 0
        workers = self.components.stack.workers()
        if not workers:
            return 0
        worker = workers[int(fault.chance * len(workers))]
        with contextlib.suppress(psutil.NoSuchProcess):
            if fault.kind == "kill":
                worker.kill()
            else:
                worker.send_signal(signal.SIGSTOP)
                self._stopping.wait(fault.seconds)
                worker.send_signal(signal.SIGCONT)
        return worker.pid
