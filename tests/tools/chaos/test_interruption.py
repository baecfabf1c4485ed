"""Interruption of a run: a signal is raised where the run waits, and nowhere else."""

import subprocess
import sys
import textwrap

import pytest

from tests.project import ROOT

pytestmark = pytest.mark.processes


def run(script: str) -> str:
    beginning = "import os, signal, threading, time\nfrom tools.chaos.interruption import *\ndefer_interruptions()\n"
    return subprocess.run(
        [sys.executable, "-c", beginning + textwrap.dedent(script)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_between_two_waits_is_raised_at_the_next_one(name: str) -> None:
    assert (
        run(f"""
        os.kill(os.getpid(), signal.{name})
        print("started", end=" ")
        try:
            with interruptible():
                print("waits")
        except KeyboardInterrupt:
            print("interrupted")
        """)
        == "started interrupted\n"
    )


def test_a_signal_ends_the_wait_under_way_and_not_the_clearing_up() -> None:
    assert (
        run("""
        main = threading.get_ident()
        threading.Timer(0.1, signal.pthread_kill, (main, signal.SIGINT)).start()
        try:
            with interruptible():
                threading.Event().wait()
        except KeyboardInterrupt:
            os.kill(os.getpid(), signal.SIGINT)
            print("cleared up")
        """)
        == "cleared up\n"
    )


def test_a_wait_of_another_thread_interrupts_nothing() -> None:
    assert (
        run("""
        def wait():
            with interruptible():
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(0.1)
            print("waited")
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join()
        """)
        == "waited\n"
    )
