"""Checks of this machine: what keeps a stack from starting, and what to do about it."""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from samrun import __version__
from samrun.endpoints import Endpoints, NoStackError
from samrun.services import dynamodb, java, kafka
from samrun.settings import AWS_VARIABLE, DYNAMODB_VARIABLE, KAFKA_VARIABLE, PORTS
from samrun.supervision.port_holder import port_holder, stack_of
from samrun.supervision.ports import is_free

_MIN_JAVA = 17
_GIBIBYTE = 1024**3
# Kafka and DynamoDB Local, moto and a few functions take 1 GB of memory; a stack that works writes logs and data.
_LITTLE_MEMORY, _LITTLE_DISK, _NO_DISK = _GIBIBYTE, 2 * _GIBIBYTE, _GIBIBYTE // 5
_PATIENCE = 20.0  # seconds in which another program has to print its version

_EXTERNAL = {"kafka": KAFKA_VARIABLE, "aws": AWS_VARIABLE, "dynamodb": DYNAMODB_VARIABLE}


@dataclass(frozen=True, kw_only=True)
class Check:
    """Result of a check. One that is `fail` keeps a stack from starting, a `note` does not. `advice` is what to do."""

    name: str
    status: Literal["ok", "note", "fail"]
    found: str
    advice: str | None = None


def check_machine(data: Path, environment: Mapping[str, str] = os.environ) -> Iterator[Check]:
    """Yield the result of each check, for a stack on a data folder with the ports of the environment."""
    yield Check(name="samrun", status="ok", found=__version__)
    yield _python()
    yield _java()
    yield _java_programs()
    yield _docker()
    yield _data_folder(data)
    yield _disk(data)
    yield _memory()
    yield from _ports(data, environment)


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if platform.system() == "Linux":
        return Check(name="Python", status="ok", found=found)
    return Check(name="Python", status="note", found=found, advice="samrun is tested on Linux only.")


def _java() -> Check:
    try:
        program = java.jvm()
        done = subprocess.run(
            [program, "-version"], capture_output=True, text=True, errors="replace", timeout=_PATIENCE, check=True
        )
    except java.JavaError as error:
        return Check(name="Java", status="fail", found="not found", advice=str(error))
    except (OSError, subprocess.SubprocessError) as error:
        return Check(
            name="Java",
            status="fail",
            found=f"{program} does not run: {error}",
            advice=f"Install Java {_MIN_JAVA} or newer.",
        )
    version = done.stderr.partition('"')[2].partition('"')[0]
    major = re.match(r"\d+", version)  # 17.0.9, 21, 27-ea
    if major is None or int(major[0]) < _MIN_JAVA:
        return Check(name="Java", status="fail", found=version, advice=f"Install Java {_MIN_JAVA} or newer.")
    return Check(name="Java", status="ok", found=f"{version}, {program}")


def _java_programs() -> Check:
    programs = {kafka.PROGRAM: "Kafka", dynamodb.PROGRAM: "DynamoDB Local"}
    versions = {program: f"{name} {program.split('+')[0].split(':')[-1]}" for program, name in programs.items()}
    if missing := [versions[program] for program in java.missing_programs(list(programs))]:
        return Check(
            name="programs",
            status="note",
            found=f"not fetched yet: {', '.join(missing)}",
            advice="The first start fetches them, about 100 MB; samrun fetch does it now.",
        )
    return Check(name="programs", status="ok", found=", ".join(versions.values()))


def _docker() -> Check:
    advice = "Only --sam needs it, for functions in other languages than Python and for images."
    program = shutil.which("docker")
    if program is None:
        return Check(name="Docker", status="note", found="not found", advice=advice)
    command = [program, "version", "--format", "{{.Server.Version}}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_PATIENCE, check=False)
    except (OSError, subprocess.SubprocessError):
        done = None
    if done is None or done.returncode:
        return Check(name="Docker", status="note", found=f"{program} reaches no server", advice=advice)
    return Check(name="Docker", status="ok", found=done.stdout.strip())


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    absolute = folder.absolute()
    return next(each for each in (absolute, *absolute.parents) if each.exists())


def _data_folder(data: Path) -> Check:
    existing = _existing(data)
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        reason = "may not be written" if existing.is_dir() else "is not a folder"
        return Check(
            name="data", status="fail", found=f"{existing} {reason}", advice="Choose another folder with --data."
        )
    try:
        Endpoints.of_running_stack(data)
    except NoStackError:
        return Check(name="data", status="ok", found=str(data))
    return Check(
        name="data",
        status="note",
        found=f"a stack runs on {data}",
        advice="Give another stack a folder of its own with --data, and ports of its own.",
    )


def _disk(data: Path) -> Check:
    free = psutil.disk_usage(str(_existing(data))).free
    status: Literal["ok", "note", "fail"] = "fail" if free < _NO_DISK else "note" if free < _LITTLE_DISK else "ok"
    advice = None if status == "ok" else "Kafka's topics, DynamoDB and the logs need some: make room, or use --data."
    return Check(name="disk", status=status, found=f"{free / _GIBIBYTE:.1f} GiB free", advice=advice)


def _memory() -> Check:
    available = psutil.virtual_memory().available
    found = f"{available / _GIBIBYTE:.1f} GiB available"
    if available >= _LITTLE_MEMORY:
        return Check(name="memory", status="ok", found=found)
    return Check(name="memory", status="note", found=found, advice="A stack takes about 1 GiB: end other programs.")


def _ports(data: Path, environment: Mapping[str, str]) -> Iterator[Check]:
    try:
        own = set(Endpoints.of_running_stack(data).by_name().values())
    except NoStackError:
        own = set()
    for name, usual in PORTS.items():
        if external := environment.get(_EXTERNAL.get(name, "")):
            yield Check(name=f"port of {name}", status="ok", found=f"not needed: {external} is used")
        else:
            yield _port(name, environment.get(f"{name.upper()}_PORT") or str(usual), own)


def _port(name: str, text: str, own: set[str]) -> Check:
    variable = f"{name.upper()}_PORT"
    if not text.isdecimal() or int(text) > 65535:
        return Check(
            name=f"port of {name}",
            status="fail",
            found=f"{variable} is {text!r}",
            advice="Write a number from 0 to 65535, or unset it.",
        )
    port, advice = int(text), f"choose another port with --{name}-port or {variable} (0: any free one)."
    if is_free(port):
        return Check(name=f"port of {name}", status="ok", found=f"{port} is free" if port else "any free one")
    holder = port_holder(port)
    if any(address.endswith(f":{port}") for address in own) or (holder and stack_of(holder)):
        return Check(
            name=f"port of {name}",
            status="note",
            found=f"{port} belongs to a stack of samrun that runs",
            advice=f"For another stack beside it, {advice}",
        )
    by = f"{holder.name()}, pid {holder.pid}" if holder else "another process"
    return Check(name=f"port of {name}", status="fail", found=f"{port} is taken by {by}", advice=f"End it, or {advice}")
