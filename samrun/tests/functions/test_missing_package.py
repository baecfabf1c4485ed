"""Missing packages: what a person does about an import that fails."""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from samrun.functions.missing_package import advice_on_missing_package
from samrun.template.model.functions import Function
from support.python_function import create_function, running_runtime


@pytest.fixture
def function(tmp_path: Path) -> Function:
    return create_function(tmp_path)


def error(missing: str, *, type_: str = "Runtime.ImportModuleError") -> bytes:
    message = f"Unable to import module 'main': No module named '{missing}'"
    return json.dumps({"errorType": type_, "errorMessage": message}).encode()


def test_missing_package_is_to_be_installed_where_samrun_is(function: Function) -> None:
    log: list[str] = []

    async def scenario() -> None:
        Path(function.code, "needs.py").write_text("import stripe_of_tomorrow.charges")
        async with running_runtime(replace(function, handler="needs.handler"), log=log) as runtime:
            await runtime.invoke("Fn", b"{}")

    asyncio.run(scenario())
    assert log[-1] == (
        "samrun runs functions with its own Python environment, which has no stripe_of_tomorrow. Install it there:\n"
        f"{sys.executable} -m pip install PACKAGE   (the one that has stripe_of_tomorrow)"
    )


def test_requirements_of_the_function_are_named(function: Function) -> None:
    requirements = Path(function.code, "requirements.txt")
    requirements.touch()
    advice = advice_on_missing_package(function, error("stripe.charges"))
    assert str(advice).endswith(f"\n{sys.executable} -m pip install -r {requirements}")


def test_other_errors_have_no_such_advice(function: Function) -> None:
    assert advice_on_missing_package(function, error("stripe", type_="Runtime.UserCodeSyntaxError")) is None
    assert advice_on_missing_package(function, error("main")) is None, "the handler is missing, and no package"
