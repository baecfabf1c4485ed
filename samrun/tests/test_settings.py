"""The settings of `samrun`, and its messages about settings that are wrong."""

from pathlib import Path

import pytest

from samrun.cli.arguments import read_stack_settings, read_token_settings
from samrun.cli.parser import parse_arguments
from samrun.settings import (
    FREE_PORTS,
    PORTS,
    Settings,
    SettingsError,
    TemplateSettings,
    TokenSettings,
    stack_settings,
)

EXTERNAL = ("KAFKA_BOOTSTRAP_SERVERS", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB")


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*(f"{port.upper()}_PORT" for port in PORTS), "AWS_REGION", "AWS_DEFAULT_REGION", *EXTERNAL]:
        monkeypatch.delenv(name, raising=False)


def read(arguments: list[str]) -> Settings:
    """Return the settings of a stack, as the command line and the environment give them."""
    command = [] if arguments[:1] in (["up"], ["services"]) else ["up"]
    return read_stack_settings(parse_arguments([*command, *arguments]))


@pytest.fixture
def template(tmp_path: Path) -> str:
    return str(tmp_path / "template.yaml")


def test_settings_have_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read([]) == Settings(
        command="up",
        templates=(TemplateSettings(path=Path("template.yaml"), parameters={}),),
        overrides={},
        ports={"api": 3000, "lambda": 3001, "console": 8025, "aws": 4566, "dynamodb": 8000, "kafka": 9092},
        data=Path(".local"),
        region="us-east-1",
        partitions=3,
        concurrency=4,
        redeliver="failed",
        kafka=None,
        aws=None,
        dynamodb=None,
        services={},
        sam=False,
    )


def test_functions_have_their_own_packages_unless_the_current_environment_is_to_be_used(template: str) -> None:
    assert not read(["up", "--template", template]).use_current_env
    assert not read(["services", "--template", template]).use_current_env
    assert read(["up", "--use-current-env", "--template", template]).use_current_env
    with pytest.raises(SettingsError, match="leave out --use-current-env"):
        read(["up", "--sam", "--use-current-env", "--template", template])


def test_functions_can_run_in_containers(template: str) -> None:
    assert read(["up", "--sam", "--template", template]).sam
    assert not read(["up", "--template", template]).for_containers
    assert read(["services", "--template", template]).for_containers


def test_a_service_of_aws_can_run_elsewhere(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", "http://127.0.0.1:4579")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", "")
    assert read(["--template", template]).services == {"AWS_ENDPOINT_URL_SESV2": "http://127.0.0.1:4579"}


def test_the_command_line_is_read(template: str) -> None:
    arguments = f"services --template {template} --data d --partitions 6 --concurrency 1 --kafka-port 0".split()
    arguments += ["--redeliver", "from-lowest"]
    settings = read(arguments)
    assert (settings.command, settings.template, settings.data) == ("services", Path(template), Path("d"))
    assert (settings.partitions, settings.concurrency, settings.redeliver) == (6, 1, "from-lowest")
    assert settings.ports == {**PORTS, "kafka": 0}


def test_the_command_line_names_the_variables_and_the_delay_of_retries(template: str) -> None:
    settings = read(["--template", template, "--env-vars", "env.json", "--retry-delay", "60"])
    assert (settings.env_vars, settings.retry_delay) == (Path("env.json"), 60)
    assert (read(["--template", template]).env_vars, read(["--template", template]).retry_delay) == (None, 1)


def test_functions_start_at_once_unless_the_command_line_says_lazy(template: str) -> None:
    assert read(["--template", template, "--lazy"]).lazy
    assert not read(["--template", template]).lazy


def test_the_command_line_names_the_functions_to_debug(template: str) -> None:
    arguments = ["--template", template, "--debug", "Order", "--debug", "Notify=0", "--debug", "Relay=5679"]
    assert read(arguments).debug == {"Order": None, "Notify": 0, "Relay": 5679}
    assert read(["--template", template]).debug == {}
    assert read(["services", "--template", template]).debug == {}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--debug Order=", "--debug Order=: '' is not a port: write Order=PORT, 0 to 65535, or Order alone"),
        ("--debug Order=x", "'x' is not a port"),
        ("--debug Order=65536", "'65536' is not a port"),
        ("--debug Order --sam", "--debug is for functions in processes of this machine, .* `sam local invoke --debug"),
    ],
)
def test_functions_that_cannot_be_debugged_so_are_an_error(template: str, arguments: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        read(["--template", template, *arguments.split()])


@pytest.mark.parametrize("delay", ["-1", "a", "1e3", ""])
def test_a_delay_that_is_no_number_is_an_error(delay: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(["up", f"--retry-delay={delay}"])
    assert f"{delay!r} is not a number of seconds" in capsys.readouterr().err


def test_several_templates_run_together(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "template.yaml", tmp_path / "b" / "template.yaml"
    first.parent.mkdir()
    _samconfig(first.parent, '[default.samrun.parameters]\nparameter_overrides = ["Shop=a"]')
    settings = read(["up", str(first), str(second), "--parameter-overrides", "Url=b"])
    assert settings.templates == (
        TemplateSettings(path=first, parameters={"Shop": "a"}),
        TemplateSettings(path=second, parameters={}),
    )
    assert settings.overrides == {"Url": "b"}
    assert settings.parameters == {"Shop": "a", "Url": "b"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("up a.yaml --template b.yaml", "either as arguments or with --template"),
        ("up a.yaml ./a.yaml", "a.yaml is named twice"),
        ("up --sam a.yaml b.yaml", "--sam runs one template"),
    ],
)
def test_templates_that_do_not_go_together_are_an_error(arguments: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        read(arguments.split())


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        parse_arguments(["--version"])
    assert (raised.value.code, capsys.readouterr().out) == (0, "samrun 0.1.0\n")


def test_other_programs_make_settings_without_a_command_line(template: str) -> None:
    made = stack_settings(templates=[Path(template)], ports=FREE_PORTS)
    assert made == read(["--template", template, *(f"--{name}-port=0" for name in PORTS)])


def test_the_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        parse_arguments(["--help"])
    assert raised.value.code == 0
    said = capsys.readouterr().out
    assert all(f"\n  {command} " in said for command in ("up", "services", "fetch", "token"))


def test_an_unknown_command_is_an_error_that_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        parse_arguments(["start"])
    assert raised.value.code == 2
    assert "invalid choice: 'start' (choose from" in capsys.readouterr().err


def test_the_settings_of_a_token_are_read(tmp_path: Path, template: str) -> None:
    _samconfig(tmp_path, '[default.samrun.parameters]\nparameter_overrides = ["Issuer={issuer}"]')
    options = "--sub cus_ada --scope a --scope b --audience x --expires-in 60 --claim n=1 --data d --template"
    assert read_token_settings(parse_arguments(["token", *options.split(), template])) == TokenSettings(
        template=TemplateSettings(path=Path(template), parameters={"Issuer": "{issuer}"}),
        overrides={},
        data=Path("d"),
        region="us-east-1",
        subject="cus_ada",
        scopes=("a", "b"),
        audience="x",
        lifetime=60,
        claims={"n": "1"},
    )


def test_ports_come_from_the_environment_if_the_command_line_has_none(
    template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_PORT", "3100")
    monkeypatch.setenv("LAMBDA_PORT", "3101")
    monkeypatch.setenv("CONSOLE_PORT", "")
    settings = read(["--template", template, "--lambda-port", "0"])
    assert settings.ports == {**PORTS, "api": 3100, "lambda": 0}


@pytest.mark.parametrize("port", ["x", "-1", "65536", "3000.5", " ", "tcp://10.0.0.1:3000"])
def test_an_invalid_port_is_an_error_that_names_its_source(
    template: str, port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_PORT", port)
    with pytest.raises(SystemExit) as raised:
        read(["--template", template])
    assert raised.value.code == 2
    assert f"argument --aws-port: {port!r}, given here or by AWS_PORT, is not a port" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--partitions", "--concurrency"])
@pytest.mark.parametrize("number", ["0", "-3", "many"])
def test_a_number_under_one_is_an_error(
    template: str, option: str, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        read(["--template", template, f"{option}={number}"])
    assert f"argument {option}: {number!r} is not a number of 1 or more" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_is_the_environments(template: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "ap-southeast-1")
    assert read(["--template", template]).region == "ap-southeast-1"


def test_external_brokers_come_from_the_environment(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "b-1.example.com:9092,b-2.example.com:9092")
    assert read(["--template", template]).kafka == "b-1.example.com:9092,b-2.example.com:9092"
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "")
    assert read(["--template", template]).kafka is None


@pytest.mark.parametrize("brokers", ["localhost", "localhost:", ":9092", "a:1,", "a:1, b:2", "http://a:1"])
def test_invalid_brokers_are_an_error(template: str, brokers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", brokers)
    with pytest.raises(SettingsError, match=r"KAFKA_BOOTSTRAP_SERVERS is .* write host:port"):
        read(["--template", template])


def test_external_aws_and_dynamodb_come_from_the_environment(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_an_invalid_url_of_a_service_is_an_error(
    template: str, variable: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, url)
    with pytest.raises(SettingsError, match=f"{variable} is .* write http://host:port"):
        read(["--template", template])


def test_a_parameter_can_want_a_kafka_with_a_password(template: str) -> None:
    assert not read(["--template", template, "--parameter-overrides", "Brokers={kafka}"]).scram
    assert read(["--template", template, "--parameter-overrides", "Brokers={kafka_scram}"]).scram
    assert read(["--template", template, "--parameter-overrides", "User={kafka_secret}"]).scram


def test_a_parameter_can_want_a_kafka_that_asks_for_a_certificate(template: str) -> None:
    assert not read(["--template", template, "--parameter-overrides", "Brokers={kafka_scram}"]).mutual_tls
    assert read(["--template", template, "--parameter-overrides", "Brokers={kafka_mtls}"]).mutual_tls
    assert read(["--template", template, "--parameter-overrides", "Client={kafka_client_secret}"]).mutual_tls


def test_the_environment_names_a_schema_registry(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(["--template", template]).schema_registry is None
    monkeypatch.setenv("SCHEMA_REGISTRY_URL", "http://localhost:8081/apis/ccompat/v7")
    assert read(["--template", template]).schema_registry == "http://localhost:8081/apis/ccompat/v7"
    monkeypatch.setenv("SCHEMA_REGISTRY_URL", "localhost:8081")
    with pytest.raises(SettingsError, match=r"SCHEMA_REGISTRY_URL is 'localhost:8081': write the http:// or https://"):
        read(["--template", template])


@pytest.mark.parametrize("name", ["kafka_scram", "kafka_mtls"])
@pytest.mark.parametrize("command", ["services", "up --sam", "up"])
def test_a_kafka_that_authenticates_is_only_for_processes_and_brokers_of_samrun(
    template: str, command: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if command == "up":
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    with pytest.raises(SettingsError, match=rf"^\{{{name}\}} stands for a listener of the broker "):
        read([*command.split(), "--template", template, "--parameter-overrides", f"Brokers={{{name}}}"])


def test_parameters_of_the_command_line_replace_those_of_samconfig(tmp_path: Path, template: str) -> None:
    overrides = '["Shop=The Shop", "Url=http://a/?b=c", "Empty="]'
    _samconfig(tmp_path, f"[default.samrun.parameters]\nparameter_overrides = {overrides}")
    settings = read(["--template", template, "--parameter-overrides", "Shop=Another", "New=1"])
    assert settings.parameters == {"Shop": "Another", "Url": "http://a/?b=c", "Empty": "", "New": "1"}


def test_region_is_that_of_the_environment_or_of_samconfig(
    tmp_path: Path, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _samconfig(tmp_path, "[default.deploy.parameters]\nregion = 'eu-central-1'")
    assert read(["--template", template]).region == "eu-central-1"
    assert read_token_settings(parse_arguments(["token", "--template", template])).region == "eu-central-1"
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert read(["--template", template]).region == "eu-west-1"


def _samconfig(folder: Path, text: str) -> None:
    (folder / "samconfig.toml").write_bytes(text.encode(errors="surrogateescape"))
