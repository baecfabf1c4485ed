"""Missing packages: what a person does about an import that fails."""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from samrun.functions.missing_package import advice_on_missing_package
from samrun.pythons.function_python import Origin
from samrun.template.model.functions import Function
from support.python_function import create_function, running_runtime


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Function:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "functions" / "pay"
    folder.mkdir(parents=True)
    return create_function(folder)


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
        "With --use-current-env, functions run with samrun's own packages, which have no stripe_of_tomorrow. Start "
        "without that option, or install it there:\n"
        f"{sys.executable} -m pip install PACKAGE   (the one that has stripe_of_tomorrow)"
    )


def test_requirements_of_the_function_are_named(function: Function) -> None:
    requirements = Path(function.code, "requirements.txt")
    requirements.touch()
    advice = advice_on_missing_package(function, "samrun", error("stripe.charges"))
    assert str(advice).endswith(f"\n{sys.executable} -m pip install -r {requirements}")


@pytest.mark.parametrize(
    ("origin", "advice"),
    [
        (
            "requirements",
            (
                "stripe is not in functions/pay/requirements.txt, nor in what its packages bring along: name the "
                "package that has it, and samrun installs that."
            ),
        ),
        (
            "sam build",
            (
                "stripe is not in the artifact of `sam build`: name the package that has it in "
                "functions/pay/requirements.txt, and build again."
            ),
        ),
        ("code", "stripe is not in functions/pay, which has all of the function's packages: add it there."),
    ],
)
def test_advice_names_the_place_from_which_packages_come(function: Function, origin: Origin, advice: str) -> None:
    assert advice_on_missing_package(function, origin, error("stripe.charges")) == advice


def test_requirements_are_those_of_the_code_uri(function: Function) -> None:
    inside = replace(function, code=function.code.parents[1])
    advice = advice_on_missing_package(inside, "requirements", error("stripe"))
    assert str(advice).startswith("stripe is not in functions/pay/requirements.txt,")


def test_other_errors_have_no_such_advice(function: Function) -> None:
    assert advice_on_missing_package(function, "samrun", error("stripe", type_="Runtime.UserCodeSyntaxError")) is None
    assert advice_on_missing_package(function, "samrun", error("main")) is None, "the handler is missing, no package"
