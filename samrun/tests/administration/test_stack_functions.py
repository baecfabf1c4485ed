"""Functions of a stack by each of their names."""

from pathlib import Path

import pytest

from samrun.administration.stack_functions import StackFunctions

FUNCTIONS = StackFunctions(
    names={"Hello": "hello-prod", "Other": "Other", "Child/Worker": "c-Worker", "A/Twin": "a-twin", "B/Twin": "b-twin"}
)
ARN = "arn:aws:lambda:us-east-1:123456789012:function"


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("Hello", "hello-prod"),
        ("Hello:live", "hello-prod:live"),
        ("hello-prod", "hello-prod"),
        ("hello-prod:2", "hello-prod:2"),
        (f"{ARN}:hello-prod", "hello-prod"),
        (f"{ARN}:hello-prod:live", "hello-prod:live"),
        ("123456789012:function:hello-prod", "hello-prod"),
        ("Other", "Other"),
        ("Child/Worker", "c-Worker"),
        ("Worker", "c-Worker"),
        ("Twin", "Twin"),
        ("Unknown", "Unknown"),
    ],
)
def test_each_name_leads_to_the_functions_own(reference: str, name: str) -> None:
    assert FUNCTIONS.qualified_name(reference) == name


def test_name_of_a_function_is_stronger_than_the_logical_id_of_another() -> None:
    assert StackFunctions(names={"One": "Two", "Two": "Three"}).qualified_name("Two") == "Two"


def test_names_stay_in_the_data_folder(tmp_path: Path) -> None:
    assert StackFunctions.read(tmp_path).names == {}
    FUNCTIONS.write(tmp_path)
    assert StackFunctions.read(tmp_path) == FUNCTIONS
