"""Own Pythons: each function has the Python of its Runtime, and the packages that its requirements name."""

import asyncio
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from samrun.pythons.errors import InstallationError
from samrun.pythons.function_python import FunctionPython, Origin, PreparedFunction
from samrun.pythons.installer import Installer
from samrun.pythons.interpreter import Interpreter
from samrun.pythons.interpreters import (
    current_interpreter,
    download_obstacle,
    fetch_interpreter,
    find_interpreter,
    find_uv,
)
from samrun.pythons.requirements import (
    Requirements,
    has_its_packages,
    path_for_people,
    requirements_of,
    requirements_of_layers,
)
from samrun.pythons.runtime_packages import link_runtime_packages
from samrun.pythons.sam_build import fresh_artifact
from samrun.pythons.virtual_environments import VirtualEnvironment, VirtualEnvironmentCache
from samrun.supervision.progress import progress
from samrun.supervision.terminal import Terminal
from samrun.template.model.functions import Function

_SOURCE = "python"
_VERSION = re.compile(r"python(\d+\.\d+)")


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """Plan of a function's Python. The function may have its built code."""

    function: Function
    interpreter: Interpreter
    origin: Origin
    requirements: Requirements
    layer_requirements: tuple[Requirements, ...]

    @property
    def all_requirements(self) -> tuple[Requirements, ...]:
        return (self.requirements, *self.layer_requirements)


_Environments = dict[tuple[Requirements, Interpreter], VirtualEnvironment | InstallationError]


class OwnPythons:
    """Pythons of the functions of a stack, each with a virtual environment from the folder `cache`.

    A function whose requirements cannot be installed has none, and the others run. The stack's folder `data` gets links
    to the packages of Lambda's runtime. One installation runs at a time, since an installer uses all of the network.
    """

    def __init__(self, *, cache: Path, data: Path, terminal: Terminal) -> None:
        self._cache = VirtualEnvironmentCache(cache)
        self._data = data
        self._terminal = terminal
        self._uv = find_uv()
        self._interpreters: dict[str | None, Interpreter] = {}
        self._runtime_packages: dict[Interpreter, tuple[Path, ...]] = {}
        self._said: set[str] = set()

    async def prepare(self, functions: Sequence[Function]) -> list[PreparedFunction]:
        """Return the functions with their Pythons. The terminal shows what is made, and what differs from Lambda."""
        self._say_unnamed_versions(functions)
        for version in dict.fromkeys(map(_version, functions)):
            if version not in self._interpreters:
                names = [each.name for each in functions if _version(each) == version]
                self._interpreters[version] = await self._find(version, names)
        # In a thread, as all that reads whole folders: the event loop serves everything else meanwhile.
        plans = await asyncio.to_thread(lambda: [self._plan(function) for function in functions])
        if built := [plan.function.name for plan in plans if plan.origin == "sam build"]:
            text = "from .aws-sam/build, which is newer than its sources; a change of these ends that"
            self._say_once(f"running {', '.join(built)} {text}")
        environments = await self._environments(plans)
        return [self._prepared(plan, environments) for plan in plans]

    def _plan(self, function: Function) -> _Plan:
        version = _version(function)
        interpreter = self._interpreters[version]
        layers = requirements_of_layers(function, self._data / "layers")
        # Compiled modules in an artifact are for the version of the Runtime.
        if interpreter.minor_version == version and (
            artifact := fresh_artifact(function, interpreter.executable, ignored=self._data)
        ):
            return _Plan(
                function=replace(function, code=artifact),
                interpreter=interpreter,
                origin="sam build",
                requirements=Requirements(None),
                layer_requirements=layers,
            )
        return _Plan(
            function=function,
            interpreter=interpreter,
            origin="code" if has_its_packages(function) else "requirements",
            requirements=requirements_of(function),
            layer_requirements=layers,
        )

    def _prepared(self, plan: _Plan, environments: _Environments) -> PreparedFunction:
        interpreter, found = plan.interpreter, []
        for requirements in plan.all_requirements:
            environment = environments[requirements, interpreter]
            if isinstance(environment, InstallationError):
                return PreparedFunction(function=plan.function, python=environment)
            found.append(environment)
        if interpreter not in self._runtime_packages:
            folder = self._data / "runtime-packages"
            self._runtime_packages[interpreter] = link_runtime_packages(folder, interpreter)
        own, *layers = found
        python = FunctionPython(
            executable=own.executable,
            version=interpreter.minor_version,
            origin=plan.origin,
            packages=(own.packages,),
            layer_packages=tuple(layer.packages for layer in layers),
            runtime_packages=self._runtime_packages[interpreter],
        )
        return PreparedFunction(function=plan.function, python=python)

    async def _environments(self, plans: Sequence[_Plan]) -> _Environments:
        """Return the environment of each requirements file and interpreter of the plans, or why it has none."""
        users: dict[tuple[Requirements, Interpreter], list[str]] = {}
        for plan in plans:
            for requirements in plan.all_requirements:
                users.setdefault((requirements, plan.interpreter), []).append(plan.function.name)
        return {key: await self._environment(*key, names) for key, names in users.items()}

    async def _environment(
        self, requirements: Requirements, interpreter: Interpreter, users: Sequence[str]
    ) -> VirtualEnvironment | InstallationError:
        installer, wait = Installer(self._uv), partial(self._say, "waiting for another stack, which installs the same")
        try:
            if found := await asyncio.to_thread(self._cache.find, requirements, interpreter):
                return found
            if requirements.file is None:
                return await self._cache.make(requirements, interpreter, installer, wait=wait)
            what = f"{path_for_people(requirements.file)} for Python {interpreter.version}"
            async with progress(self._terminal, _SOURCE, f"{installer.name} installs {what}", f"installed {what}"):
                return await self._cache.make(requirements, interpreter, installer, wait=wait)
        except InstallationError as error:
            self._say(f"{error}\nUntil then, each invocation of {' and '.join(users)} fails with this.", level="ERROR")
            return error

    async def _find(self, version: str | None, names: Sequence[str]) -> Interpreter:
        """Return the interpreter of a version for the functions `names`, or samrun's own if there is no other."""
        current = await current_interpreter()
        if version is None:
            return current
        if found := await find_interpreter(version, current=current, uv=self._uv):
            return found
        obstacle = download_obstacle(self._uv)
        if self._uv and not obstacle:
            doing, done = f"uv fetches Python {version}", f"fetched Python {version}"
            try:
                async with progress(self._terminal, _SOURCE, doing, done):
                    return await fetch_interpreter(version, self._uv)
            except InstallationError as error:
                obstacle = str(error)
        self._say(
            f"Python {version} is not on this machine ({obstacle}): samrun runs {', '.join(names)} on "
            f"{current.version}. Install Python {version} to run them as on Lambda.",
            level="WARNING",
        )
        return current

    def _say_unnamed_versions(self, functions: Sequence[Function]) -> None:
        """Say which functions have a Runtime without a version, as in templates that a script completes."""
        users: dict[str, list[str]] = {}
        for function in functions:
            if function.runtime and _version(function) is None:
                users.setdefault(function.runtime, []).append(function.name)
        for runtime, names in users.items():
            self._say_once(
                f"the Runtime {runtime} names no version, such as python3.13: samrun runs {', '.join(names)} on "
                f"its own Python, {sys.version.split()[0]}"
            )

    def _say(self, text: str, *, level: str = "INFO") -> None:
        self._terminal.step(_SOURCE, text, level=level)

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say(text)


def _version(function: Function) -> str | None:
    """Return the version of Python that a function's Runtime names; None if it names none."""
    found = _VERSION.fullmatch(function.runtime or "")
    return found[1] if found else None
