"""Command `samrun mappings run`: runs mappings until a signal ends it."""

import argparse
import asyncio

from samrun.cli.mapping_options import read_runner_settings
from samrun.cli.run_until_signal import run_until_signal
from samrun.mapping_runner import RunnerSettings, run_mappings
from samrun.supervision.terminal import Terminal, standard_terminal


def run_mappings_until_stopped(options: argparse.Namespace) -> int:
    """Run the mappings that the options name until a signal ends it; return the exit status. Raises UserError."""
    settings = read_runner_settings(options)
    terminal = standard_terminal(settings.data / "logs")
    return run_until_signal(_run_and_report(settings, terminal), say=terminal.say)


async def _run_and_report(settings: RunnerSettings, terminal: Terminal) -> None:
    async with run_mappings(settings, terminal) as started:
        for mapping in started.mappings:
            state = "" if mapping.enabled else " (disabled)"
            terminal.step("mapping", f"{mapping.logical_id}: {mapping.topic} → {mapping.function}{state}")
        if not started.mappings:
            terminal.step("mapping", "there is no mapping yet: make one through the API")
        terminal.say(
            f"\nReady. Ctrl-C ends it.\n\n  kafka           {started.kafka}\n"
            f"  functions       {settings.lambda_endpoint}\n  mappings        {started.api}"
        )
        await asyncio.Event().wait()
