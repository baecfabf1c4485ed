"""Holder of a port: the process that listens there, as far as this user may know it."""

from pathlib import Path

import psutil


def port_holder(port: int) -> psutil.Process | None:
    """Return the process that listens on a port; None if this user may not know it."""
    try:
        for each in psutil.net_connections("tcp"):
            if each.status == psutil.CONN_LISTEN and each.pid and each.laddr and each.laddr.port == port:
                return psutil.Process(each.pid)
    except psutil.Error:
        return None
    return None


def stack_of(process: psutil.Process) -> psutil.Process | None:
    """Return the `samrun` that a process is, or is a part of; None if it belongs to no stack."""
    try:
        for each in (process, *process.parents()):
            if "samrun" in {Path(word).name for word in each.cmdline()[:3]}:
                return each
    except psutil.Error:
        return None
    return None


def describe_holder(port: int) -> str | None:
    """Return who listens on a port, for people; None if this user may not know it."""
    holder = port_holder(port)
    if holder is None:
        return None
    try:
        if stack := stack_of(holder):
            return f"a stack of samrun, process {stack.pid} in {stack.cwd()}"
        return f"{holder.name()}, process {holder.pid}"
    except psutil.Error:  # it has ended meanwhile
        return None
