"""Parameter values from samconfig.toml, from files and from the command line."""

from pathlib import Path

import pytest

from samrun.template.values.parameters import ParametersError, read
from samrun.template.values.samconfig import ConfiguredParameters, read_parameters


def of_samconfig(folder: Path, overrides: str, *, command: str = "samrun") -> dict[str, str]:
    text = f"[default.{command}.parameters]\nparameter_overrides = {overrides}"
    written(folder / "samconfig.toml", text)
    found = read_parameters(folder)
    assert found.command == command
    return dict(found.values)


def written(file: Path, text: str) -> Path:
    file.write_bytes(text.encode(errors="surrogateescape"))
    return file


def test_samconfig_has_a_list_of_parameters(tmp_path: Path) -> None:
    found = of_samconfig(tmp_path, '["Shop=The Shop", "Url=http://a/?b=c", "Empty="]')
    assert found == {"Shop": "The Shop", "Url": "http://a/?b=c", "Empty": ""}


@pytest.mark.parametrize(
    "overrides",
    [
        # `sam deploy --guided` writes the first form.
        r'"Shop=\"The \\\"Shop\\\"\" Url=\"http://a/?b=c\" Ids=\"a,b\" Empty=\"\""',
        r"""'Shop="The \"Shop\"" Url=http://a/?b=c  Ids=a,b Empty=""'""",
        r"""'ParameterKey=Shop,ParameterValue="The \"Shop\"" Url=http://a/?b=c Ids=a,b Empty='""",
        """['Shop=The "Shop"', "Url=http://a/?b=c Ids='a,b'", "Empty="]""",
        """{Shop = 'The "Shop"', Url = "http://a/?b=c", Ids = ["a", "b"], Empty = ""}""",
        """[{Shop = 'The "Shop"', Url = "http://a/?b=c"}, ["Ids=a,b"], "Empty="]""",
    ],
)
def test_samconfig_has_parameters_in_each_form_of_the_sam_cli(tmp_path: Path, overrides: str) -> None:
    found = of_samconfig(tmp_path, overrides)
    assert found == {"Shop": 'The "Shop"', "Url": "http://a/?b=c", "Ids": "a,b", "Empty": ""}


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("'A=x' 'B=y z'", {"A": "x", "B": "y z"}),
        ('"A=x" B=y', {"A": "x", "B": "y"}),
        ("'ParameterKey=A,ParameterValue=x y' \"B='y'\"", {"A": "x y", "B": "'y'"}),
        ("{{resolve:ssm:/shop/url}}=x B=y", {"{{resolve:ssm:/shop/url}}": "x", "B": "y"}),
        ("'{{resolve:ssm:/shop/url}}=x' B=y", {"{{resolve:ssm:/shop/url}}": "x", "B": "y"}),
        ("!ImportValue shop:url=x B=y", {"!ImportValue shop:url": "x", "B": "y"}),
        ("B=y !GetAtt Custom.Arn='x y'", {"!GetAtt Custom.Arn": "x y", "B": "y"}),
        ("'!ImportValue shop-url=a=b'", {"!ImportValue shop-url": "a=b"}),
        ("!ImportValue shop-url=x y", {"!ImportValue shop-url": "x y"}),
        ("'x' 'B=y'=c", {"'x' 'B": "y'=c"}),
    ],
)
def test_quotes_may_be_around_a_pair_and_a_reference_may_be_a_name(text: str, pairs: dict[str, str]) -> None:
    assert dict(read([text], source="here")) == pairs


def test_table_has_the_texts_of_cloudformation() -> None:
    table = {"A": True, "B": [1, False], "C": None}
    assert dict(read([table], source="here")) == {"A": "true", "B": "1,false", "C": ""}


@pytest.mark.parametrize("name", ["samconfig.toml", "samconfig.yaml"])
def test_samconfig_may_begin_with_a_byte_order_mark(tmp_path: Path, name: str) -> None:
    text = "default: {deploy: {parameters: {parameter_overrides: Shop=Ours}}}"
    if name.endswith("toml"):
        text = "[default.deploy.parameters]\nparameter_overrides = 'Shop=Ours'"
    written(tmp_path / name, f"\ufeff{text}")
    assert read_parameters(tmp_path).values == {"Shop": "Ours"}


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("[default.deploy.parameters]\nregion = 'eu-central-1'", "eu-central-1"),
        ("[default.global.parameters]\nregion = 'a'\n[default.deploy.parameters]\nregion = 'b'", "a"),
        ("[default.samrun.parameters]\nparameter_overrides = 'A=a'\n[default.deploy.parameters]\nregion = 'b'", "b"),
        ("[default.build.parameters]\nregion = 'a'", None),
        ("[default.deploy.parameters]\nregion = ''", None),
    ],
)
def test_samconfig_has_a_region(tmp_path: Path, text: str, region: str | None) -> None:
    written(tmp_path / "samconfig.toml", text)
    assert read_parameters(tmp_path).region == region


@pytest.mark.parametrize("command", ["global", "deploy"])
def test_parameters_of_sams_own_commands_stand_in_for_missing_ones(tmp_path: Path, command: str) -> None:
    assert of_samconfig(tmp_path, '"Shop=Theirs"', command=command) == {"Shop": "Theirs"}


def test_own_parameters_replace_the_global_ones_and_those_the_deployments(tmp_path: Path) -> None:
    sections = ["deploy", "global", "samrun"]
    text = ""
    for section in sections:
        text += f"[default.{section}.parameters]\nparameter_overrides = 'From={section}'\n"
        written(tmp_path / "samconfig.toml", text)
        assert read_parameters(tmp_path).values == {"From": section}


@pytest.mark.parametrize("name", ["samconfig.yaml", "samconfig.yml"])
def test_samconfig_may_be_yaml(tmp_path: Path, name: str) -> None:
    written(tmp_path / name, "default: {deploy: {parameters: {parameter_overrides: [Shop=Ours, {Rate: 1}]}}}")
    assert read_parameters(tmp_path).values == {"Shop": "Ours", "Rate": "1"}


@pytest.mark.parametrize("overrides", ['"file://more/a.yaml"', '["file://more/a.yaml"]'])
def test_values_of_a_file_come_after_the_included_ones(tmp_path: Path, overrides: str) -> None:
    (tmp_path / "more").mkdir()
    written(tmp_path / "more" / "a.yaml", "$include: file://b.yaml\nRate: 14\nNone:\nIds: [a, b]\nShop: Ours\n")
    written(tmp_path / "more" / "b.yaml", "Shop: Theirs\nPort: 9092\n")
    found = of_samconfig(tmp_path, overrides)
    assert found == {"Shop": "Ours", "Port": "9092", "Rate": "14", "None": "", "Ids": "a,b"}


def test_value_after_a_file_overrides_it(tmp_path: Path) -> None:
    written(tmp_path / "a.yaml", "Shop: Theirs")
    assert dict(read(["file://a.yaml", "Shop=Ours"], source="here", folder=tmp_path)) == {"Shop": "Ours"}


@pytest.mark.parametrize("text", ["", "version = 0.1", "[default.build.parameters]\nx = 1", "[default.samrun]"])
def test_samconfig_without_a_samrun_section_has_no_parameters(tmp_path: Path, text: str) -> None:
    assert read_parameters(tmp_path) == ConfiguredParameters()
    assert read_parameters(written(tmp_path / "samconfig.toml", text).parent).values == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[default", "is not valid TOML"),
        ("a = '\udcff'", "is not valid TOML"),
        ("[default.samrun.parameters]\nparameter_overrides = 1", "entry 1 is not a parameter"),
        ("[default]\nsamrun = 1", "samrun is not a table"),
        ("[default.samrun.parameters]\nparameter_overrides = ['A']", "entry 1 is not a parameter. Write NAME=VALUE"),
        ("[default.samrun.parameters]\nparameter_overrides = ['file://no.yaml']", "no.yaml, which cannot be read"),
    ],
)
def test_error_names_the_invalid_samconfig(tmp_path: Path, text: str, says: str) -> None:
    file = written(tmp_path / "samconfig.toml", text)
    with pytest.raises(ParametersError) as raised:
        read_parameters(file.parent)
    assert str(file) in str(raised.value)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("text", "says"), [("- a", "has no parameters"), ("a: [", "is not valid YAML"), ("\udcff", "is not valid YAML")]
)
def test_error_names_the_invalid_file(tmp_path: Path, text: str, says: str) -> None:
    file = written(tmp_path / "a.yaml", text)
    with pytest.raises(ParametersError) as raised:
        list(read(["file://a.yaml"], source="here", folder=tmp_path))
    assert str(file) in str(raised.value)
    assert says in str(raised.value)


def test_error_about_a_parameter_without_a_value_does_not_repeat_it() -> None:
    with pytest.raises(ParametersError) as raised:
        dict(read(["Shop=A", "hunter2"], source="--parameter-overrides"))
    assert str(raised.value) == "--parameter-overrides: entry 2 is not a parameter. Write NAME=VALUE or file://PATH."
