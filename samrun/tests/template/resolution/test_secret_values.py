"""Values of secrets."""

import json
import string

import pytest

from samrun.template.resolution.secret_values import secret_value


def test_given_value_is_the_value() -> None:
    assert secret_value("name", {"SecretString": '{"user": "ada"}'}) == '{"user": "ada"}'


def test_generated_value_depends_on_the_name_alone() -> None:
    rules = {"GenerateSecretString": {"PasswordLength": 20}}
    assert secret_value("one", rules) == secret_value("one", rules) != secret_value("two", rules)
    assert len(secret_value("one", rules)) == 20


def test_generated_value_is_an_entry_of_the_template() -> None:
    rules = {"SecretStringTemplate": '{"username": "ada"}', "GenerateStringKey": "password", "ExcludeCharacters": '"@/'}
    value = json.loads(secret_value("name", {"GenerateSecretString": rules}))
    assert value["username"] == "ada"
    assert len(value["password"]) == 32
    assert not set(value["password"]) & set('"@/')


@pytest.mark.parametrize(
    ("exclusions", "characters"),
    [
        (["ExcludePunctuation"], string.ascii_letters + string.digits),
        (["ExcludePunctuation", "ExcludeNumbers"], string.ascii_letters),
        (["ExcludePunctuation", "ExcludeNumbers", "ExcludeUppercase"], string.ascii_lowercase),
        (["ExcludePunctuation", "ExcludeNumbers", "ExcludeLowercase"], string.ascii_uppercase),
    ],
)
def test_generated_value_has_each_kind_of_character_that_is_not_excluded(
    exclusions: list[str], characters: str
) -> None:
    value = secret_value("name", {"GenerateSecretString": dict.fromkeys(exclusions, True)})
    kinds = [string.ascii_lowercase, string.ascii_uppercase, string.digits]
    assert set(value) <= set(characters)
    assert all(set(value) & set(kind) for kind in kinds if set(kind) <= set(characters))
