"""The values of a template's parameters, as samconfig.toml, files and the command line have them."""

from pathlib import Path

import pytest

from local.parameters import ParametersError, of_samconfig, read


def samconfig(folder: Path, overrides: str) -> Path:
    text = f"[default.local_run.parameters]\nparameter_overrides = {overrides}"
    return written(folder / "samconfig.toml", text)


def written(file: Path, text: str) -> Path:
    file.write_bytes(text.encode(errors="surrogateescape"))
    return file


def test_a_samconfig_has_a_list_of_them(tmp_path: Path) -> None:
    file = samconfig(tmp_path, '["Shop=The Shop", "Url=http://a/?b=c", "Empty="]')
    assert list(of_samconfig(file)) == [("Shop", "The Shop"), ("Url", "http://a/?b=c"), ("Empty", "")]


@pytest.mark.parametrize("overrides", ['"file://more/a.yaml"', '["file://more/a.yaml"]'])
def test_a_file_has_them_after_those_that_it_includes(tmp_path: Path, overrides: str) -> None:
    (tmp_path / "more").mkdir()
    written(tmp_path / "more" / "a.yaml", "$include: file://b.yaml\nRate: 14\nNone:\nIds: [a, b]\nShop: Ours\n")
    written(tmp_path / "more" / "b.yaml", "Shop: Theirs\nPort: 9092\n")
    found = list(of_samconfig(samconfig(tmp_path, overrides)))
    assert dict(found) == {"Shop": "Ours", "Port": "9092", "Rate": "14", "None": "", "Ids": "a,b"}
    assert found[0] == ("Shop", "Theirs")


def test_what_follows_a_file_comes_after_it(tmp_path: Path) -> None:
    written(tmp_path / "a.yaml", "Shop: Theirs")
    assert dict(read(["file://a.yaml", "Shop=Ours"], source="here", folder=tmp_path)) == {"Shop": "Ours"}


@pytest.mark.parametrize("text", ["", "version = 0.1", "[default.build.parameters]\nx = 1", "[default.local_run]"])
def test_a_samconfig_without_a_section_for_us_has_none(tmp_path: Path, text: str) -> None:
    assert list(of_samconfig(written(tmp_path / "samconfig.toml", text))) == []
    assert list(of_samconfig(tmp_path / "missing.toml")) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[default", "is not valid TOML"),
        ("a = '\udcff'", "is not valid TOML"),
        ("[default.local_run.parameters]\nparameter_overrides = 'A=1 B=2'", "is no list"),
        ("[default.local_run.parameters.parameter_overrides]\nA = '1'", "is no list"),
        ("[default]\nlocal_run = 1", "is no list"),
        ("[default.local_run.parameters]\nparameter_overrides = ['A']", "number 1 is no parameter: write NAME=VALUE"),
        ("[default.local_run.parameters]\nparameter_overrides = ['file://no.yaml']", "no.yaml, which cannot be read"),
    ],
)
def test_a_samconfig_that_is_wrong_is_an_error_that_names_it(tmp_path: Path, text: str, says: str) -> None:
    file = written(tmp_path / "samconfig.toml", text)
    with pytest.raises(ParametersError) as raised:
        list(of_samconfig(file))
    assert str(file) in str(raised.value)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("text", "says"), [("- a", "holds no parameters"), ("a: [", "is not valid YAML"), ("\udcff", "is not valid YAML")]
)
def test_a_file_that_is_wrong_is_an_error_that_names_it(tmp_path: Path, text: str, says: str) -> None:
    file = written(tmp_path / "a.yaml", text)
    with pytest.raises(ParametersError) as raised:
        list(read(["file://a.yaml"], source="here", folder=tmp_path))
    assert str(file) in str(raised.value)
    assert says in str(raised.value)


def test_a_parameter_without_a_value_is_an_error_that_repeats_nothing_of_it() -> None:
    with pytest.raises(ParametersError) as raised:
        dict(read(["Shop=A", "hunter2"], source="--parameter-overrides"))
    assert str(raised.value) == "--parameter-overrides: number 2 is no parameter: write NAME=VALUE or file://PATH"
