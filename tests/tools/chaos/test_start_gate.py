"""Gate between faults and starts: neither begins during the other."""

import threading
from concurrent.futures import ThreadPoolExecutor

from tools.chaos.start_gate import StartGate


def test_fault_waits_for_a_start_and_a_start_for_the_faults_under_way() -> None:
    gate, steps, goes_on = StartGate(), list[str](), threading.Event()

    def start() -> None:
        with gate.start():
            steps.append("start")

    def fault() -> None:
        with gate.fault():
            steps.append("second fault")

    with ThreadPoolExecutor(2) as threads:
        with gate.fault():
            starting = threads.submit(start)
            while not gate._starts:
                goes_on.wait(0.001)
            injecting = threads.submit(fault)
            goes_on.wait(0.01)
            steps.append("first fault")
        starting.result()
        injecting.result()
    assert steps == ["first fault", "start", "second fault"]
    assert gate.paused > 0


def test_faults_do_not_wait_for_each_other() -> None:
    gate = StartGate()
    with gate.fault(), gate.fault():
        assert gate.paused == 0
