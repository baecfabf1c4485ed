"""Configuration of every test run: the order of the tests, a browser, and the settings of hypothesis."""

import functools
import gc
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# Before pytest looks at samrun/tests: it would take the folder samrun/ for a package of that name.
import samrun  # noqa: F401

# The modules that the collection imports stay: a garbage collector that runs meanwhile finds nothing each time.
gc.disable()

ROOT = Path(__file__).parent
# The tests that take longest start first, so that in the end no worker waits for another.
LONGEST_FIRST = (
    "tests/sam",
    "tests/system",
    "examples",
    "samrun/tests/system",
    "tests/browser",
    "samrun/tests/browser",
)

# An application with tests of its own, which samrun/tests/system/test_plugin.py runs as its developers do.
collect_ignore = ["samrun/tests/apps"]

# The fixtures with moto, in a process of its own and in the test's.
EMULATED_AWS = {"local_aws", "dynamodb", "aws", "deployed", "found", "account", "secrets"}

# For the tests of both products: plugins, since the tests of samrun import nothing of `tests`.
pytest_plugins = ("tests.chromium", "tests.no_processes")

# A busy machine is no failure. Tests that suppress further checks repeat this one: a list replaces the profile's.
hypothesis.settings.register_profile(
    "patient", max_examples=40, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")
# They inherit the settings of the patient profile. `make test-fast` and `make proof` use them.
hypothesis.settings.register_profile("fast", max_examples=10)
hypothesis.settings.register_profile("many", max_examples=400)


@pytest.fixture(scope="session", autouse=True)
def policy_templates_read_once() -> Iterator[None]:
    """Let SAM's translator check its own policy templates once: it does so at each translation, and tests make many."""
    from samtranslator.translator import translator

    name = "make_policy_template_for_function_plugin"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(translator, name, functools.cache(getattr(translator, name)))
        yield


def pytest_collection_finish() -> None:
    """Keep the garbage collector from the modules and tests, which stay: many tests make it collect everything else."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(100_000, 50, 100)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)
    for item in items:
        if isinstance(item, pytest.Function) and not EMULATED_AWS.isdisjoint(item.fixturenames):
            item.add_marker("emulated_aws")


def _rank(item: pytest.Item) -> int:
    path = item.path.relative_to(ROOT).as_posix()
    return next((rank for rank, area in enumerate(LONGEST_FIRST) if path.startswith(f"{area}/")), len(LONGEST_FIRST))
