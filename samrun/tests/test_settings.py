"""What `python -m local` is told, and what it says of what it cannot read."""

from pathlib import Path

import pytest

from local.settings import PORTS, Settings, SettingsError, TokenSettings, parse, read, token_settings

ATTACHED = ("KAFKA_BOOTSTRAP_SERVERS", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB")


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*(f"{port.upper()}_PORT" for port in PORTS), "AWS_REGION", "AWS_DEFAULT_REGION", *ATTACHED]:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def template(tmp_path: Path) -> str:
    return str(tmp_path / "template.yaml")


def test_nothing_needs_to_be_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read([]) == Settings(
        command="run",
        template=Path("template.yaml"),
        parameters={},
        ports={"api": 3000, "lambda": 3001, "console": 8025, "aws": 4566, "dynamodb": 8000, "kafka": 9092},
        data=Path(".local"),
        region="us-east-1",
        partitions=3,
        concurrency=4,
        kafka=None,
        aws=None,
        dynamodb=None,
        services={},
        sam=False,
    )


def test_functions_can_run_in_containers(template: str) -> None:
    assert read(["run", "--sam", "--template", template]).sam
    assert not read(["run", "--template", template]).for_containers
    assert read(["services", "--template", template]).for_containers


def test_a_service_of_aws_can_run_elsewhere(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", "http://127.0.0.1:4579")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", "")
    assert read(["--template", template]).services == {"AWS_ENDPOINT_URL_SESV2": "http://127.0.0.1:4579"}


def test_the_command_line_is_read(template: str) -> None:
    arguments = f"services --template {template} --data d --partitions 6 --concurrency 1 --kafka-port 0".split()
    settings = read(arguments)
    assert (settings.command, settings.template, settings.data) == ("services", Path(template), Path("d"))
    assert (settings.partitions, settings.concurrency) == (6, 1)
    assert settings.ports == {**PORTS, "kafka": 0}


@pytest.mark.parametrize("arguments", [[], ["run"]])
def test_without_a_command_everything_is_run(template: str, arguments: list[str]) -> None:
    assert read([*arguments, "--template", template, "--partitions", "6"]).command == "run"
    assert parse([*arguments, "--template", template]).command == "run"


def test_the_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        parse(["--help"])
    assert raised.value.code == 0
    said = capsys.readouterr().out
    assert all(f"    {command} " in said for command in ("run", "services", "token"))


def test_a_command_that_is_none_is_an_error_that_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        parse(["start"])
    assert raised.value.code == 2
    assert "invalid choice: 'start' (choose from" in capsys.readouterr().err


def test_the_settings_of_a_token_are_read(tmp_path: Path, template: str) -> None:
    _samconfig(tmp_path, '[default.local_run.parameters]\nparameter_overrides = ["Issuer={issuer}"]')
    options = "--sub cus_ada --scope a --scope b --audience x --expires-in 60 --claim n=1 --data d --template"
    assert token_settings(parse(["token", *options.split(), template])) == TokenSettings(
        template=Path(template),
        parameters={"Issuer": "{issuer}"},
        data=Path("d"),
        region="us-east-1",
        subject="cus_ada",
        scopes=("a", "b"),
        audience="x",
        lifetime=60,
        claims={"n": "1"},
    )


def test_ports_come_from_the_environment_where_the_command_line_has_none(
    template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_PORT", "3100")
    monkeypatch.setenv("LAMBDA_PORT", "3101")
    monkeypatch.setenv("CONSOLE_PORT", "")
    settings = read(["--template", template, "--lambda-port", "0"])
    assert settings.ports == {**PORTS, "api": 3100, "lambda": 0}


@pytest.mark.parametrize("port", ["x", "-1", "65536", "3000.5", " ", "tcp://10.0.0.1:3000"])
def test_a_port_that_is_none_is_an_error_that_says_where_it_is_from(
    template: str, port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_PORT", port)
    with pytest.raises(SystemExit) as raised:
        read(["--template", template])
    assert raised.value.code == 2
    assert f"argument --aws-port: {port!r}, given here or by AWS_PORT, is no port" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--partitions", "--concurrency"])
@pytest.mark.parametrize("number", ["0", "-3", "many"])
def test_a_number_under_one_is_an_error(
    template: str, option: str, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        read(["--template", template, f"{option}={number}"])
    assert f"argument {option}: {number!r} is no number of 1 or more" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_is_the_environments(template: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "ap-southeast-1")
    assert read(["--template", template]).region == "ap-southeast-1"


def test_brokers_that_run_elsewhere_come_from_the_environment(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "b-1.example.com:9092,b-2.example.com:9092")
    assert read(["--template", template]).kafka == "b-1.example.com:9092,b-2.example.com:9092"
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "")
    assert read(["--template", template]).kafka is None


@pytest.mark.parametrize("brokers", ["localhost", "localhost:", ":9092", "a:1,", "a:1, b:2", "http://a:1"])
def test_brokers_that_are_none_are_an_error(template: str, brokers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", brokers)
    with pytest.raises(SettingsError, match=r"KAFKA_BOOTSTRAP_SERVERS is .* write host:port"):
        read(["--template", template])


def test_aws_and_dynamodb_that_run_elsewhere_come_from_the_environment(
    template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4566/")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:8000")
    settings = read(["--template", template])
    assert (settings.aws, settings.dynamodb, settings.services) == (
        "http://localhost:4566",
        "http://127.0.0.1:8000",
        {},
    )


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"])
@pytest.mark.parametrize("url", ["localhost:4566", "http://", "http://a/b", "ftp://a", " "])
def test_a_service_at_what_is_no_url_is_an_error(
    template: str, variable: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, url)
    with pytest.raises(SettingsError, match=f"{variable} is .* write http://host:port"):
        read(["--template", template])


def test_a_parameter_can_want_a_kafka_with_a_password(template: str) -> None:
    assert not read(["--template", template, "--parameter-overrides", "Brokers={kafka}"]).scram
    assert read(["--template", template, "--parameter-overrides", "Brokers={kafka_scram}"]).scram


@pytest.mark.parametrize("command", ["services", "run --sam", "run"])
def test_a_kafka_with_a_password_is_for_what_this_machine_starts_and_runs(
    template: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if command == "run":
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    with pytest.raises(SettingsError, match=r"^\{kafka_scram\} stands for a listener of the broker "):
        read([*command.split(), "--template", template, "--parameter-overrides", "Brokers={kafka_scram}"])


def test_parameters_of_the_command_line_come_after_those_of_samconfig(tmp_path: Path, template: str) -> None:
    overrides = '["Shop=The Shop", "Url=http://a/?b=c", "Empty="]'
    _samconfig(tmp_path, f"[default.local_run.parameters]\nparameter_overrides = {overrides}")
    settings = read(["--template", template, "--parameter-overrides", "Shop=Another", "New=1"])
    assert settings.parameters == {"Shop": "Another", "Url": "http://a/?b=c", "Empty": "", "New": "1"}


def _samconfig(folder: Path, text: str) -> None:
    (folder / "samconfig.toml").write_bytes(text.encode(errors="surrogateescape"))
