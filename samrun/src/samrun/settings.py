"""Settings of each command: typed values, checked before anything starts."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from samrun.endpoints import DATA, is_bootstrap
from samrun.errors import UserError
from samrun.oidc.issuer import LIFETIME
from samrun.template.model.kafka_mappings import Redeliver
from samrun.template.values import parameters, samconfig

PORTS: Mapping[str, int] = {
    "api": 3000,
    "lambda": 3001,
    "console": 8025,
    "aws": 4566,
    "dynamodb": 8000,
    "kafka": 9092,
}
FREE_PORTS: Mapping[str, int] = dict.fromkeys(PORTS, 0)
CONTAINER_KAFKA_PORT = 19092
MAPPINGS_PORT = 3002  # of the API of `samrun mappings run`
SCRAM_KAFKA_PORT, MUTUAL_TLS_KAFKA_PORT = 9096, 9094  # MSK's
AWS_VARIABLE = "AWS_ENDPOINT_URL"
DYNAMODB_VARIABLE = "AWS_ENDPOINT_URL_DYNAMODB"
KAFKA_VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"
REGISTRY_VARIABLE = "SCHEMA_REGISTRY_URL"
TEMPLATE = Path("template.yaml")
PARTITIONS = 3
CONCURRENCY = 4
RETRY_DELAY = 1.0

# Placeholders that ask for a listener of Kafka: its address, and the secret of its clients.
_SCRAM = ("{kafka_scram}", "{kafka_secret}")
_MUTUAL_TLS = ("{kafka_mtls}", "{kafka_client_secret}")
_URL = re.compile(r"https?://[^/\s]+/?")
_OPTION_OF_CLAIM = {
    "aud": "--audience",
    "exp": "--expires-in",
    "iat": "--expires-in",
    "iss": "--parameter-overrides",
    "scope": "--scope",
    "sub": "--sub",
}

Command = Literal["up", "services"]


# As CloudFormation has it, and folders have it.
_STACK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class SettingsError(UserError):
    """The command line, the environment or samconfig.toml is wrong; the message says where."""


@dataclass(frozen=True, kw_only=True)
class TemplateSettings:
    """A template, and the values that the samconfig.toml beside it gives its parameters.

    `{kafka}` and the like in a value stand for the stack's own endpoints. `command` is the one for which the file has
    the values: samrun, global or deploy. `region` and `stack_name` are those of the file, if it
    has them.
    """

    path: Path
    parameters: Mapping[str, str]
    command: str = samconfig.OWN
    region: str | None = None
    stack_name: str | None = None

    @property
    def stack(self) -> str:
        """The name of the template's stack, if it is not the first one: without one in the file, that of the folder."""
        return self.stack_name or self.path.resolve().parent.name


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a stack. A port of 0 is any free one.

    `overrides` are values of parameters that the command line gives; they replace those of the templates.
    `kafka` (host:port,…), `aws` and `dynamodb` (URLs) name the external services that the stack uses: the templates'
    topics and resources are made there. `services` are URLs of single AWS services, by botocore's variable
    (AWS_ENDPOINT_URL_SESV2): the functions call them there. With `sam`, functions run in containers, by the SAM CLI.
    `redeliver` says which records a mapping retries after a partial batch response. `schema_registry` is the URL of the
    registry that stands for those of all mappings, but for Glue's. `env_vars` is a file with values of the functions'
    environment variables. `retry_delay` is the time in seconds before the first retry of an asynchronous invocation: a
    minute on AWS. With `lazy`, no function has an execution environment before its first invocation. With
    `use_current_env`, functions run with samrun's own Python and packages; else each has those that it names. `debug`
    has the functions that are debugged, each with the port of its debugger: 0 is any free one, None the usual one.
    No batching window is longer than `max_batching_window` seconds; None leaves the templates'.
    """

    command: Command
    templates: tuple[TemplateSettings, ...]
    overrides: Mapping[str, str]
    data: Path
    region: str
    ports: Mapping[str, int]
    partitions: int
    concurrency: int
    redeliver: Redeliver
    kafka: str | None
    aws: str | None
    dynamodb: str | None
    services: Mapping[str, str]
    sam: bool
    schema_registry: str | None = None
    env_vars: Path | None = None
    retry_delay: float = RETRY_DELAY
    lazy: bool = False
    use_current_env: bool = False
    debug: Mapping[str, int | None] = field(default_factory=dict)
    max_batching_window: int | None = None

    @property
    def template(self) -> Path:
        """The first template; with `sam`, the only one."""
        return self.templates[0].path

    @property
    def parameters(self) -> Mapping[str, str]:
        """The values of the parameters of all templates."""
        by_template = [each.parameters for each in self.templates]
        return dict(pair for each in (*by_template, self.overrides) for pair in each.items())

    @property
    def mails(self) -> Path:
        """The folder of the mails in the inbox."""
        return self.data / "mails"

    @property
    def text_messages(self) -> Path:
        """The folder of the text messages in the inbox."""
        return self.data / "text-messages"

    @property
    def scram(self) -> bool:
        """Tell whether a parameter asks for a listener of Kafka with a password: by its address, or by its secret."""
        return bool(self.asked_for(_SCRAM))

    @property
    def mutual_tls(self) -> bool:
        """Tell whether a parameter asks for a listener of Kafka on which clients have a certificate."""
        return bool(self.asked_for(_MUTUAL_TLS))

    def asked_for(self, placeholders: Iterable[str]) -> list[str]:
        """Return those of the placeholders that are in a value of a parameter."""
        return [each for each in placeholders if any(each in value for value in self.parameters.values())]

    @property
    def certificates(self) -> Path:
        """The folder of the certificates of Kafka's listeners."""
        return self.data / "certificates"

    @property
    def for_containers(self) -> bool:
        """Tell whether containers must reach this stack, those of `sam local`, started by samrun or by hand."""
        return self.sam or self.command == "services"


@dataclass(frozen=True, kw_only=True)
class TokenSettings:
    """Settings of a token for a stack that runs.

    `subject` and `audience` are those of the template where they are None; without a template, those of the stack.
    `lifetime` is in seconds.
    """

    template: TemplateSettings | None
    overrides: Mapping[str, str]
    data: Path
    region: str
    subject: str | None
    scopes: tuple[str, ...]
    audience: str | None
    lifetime: int
    claims: Mapping[str, str]


def stack_settings(
    *,
    command: Command = "up",
    templates: Sequence[Path] = (TEMPLATE,),
    overrides: Iterable[str] = (),
    data: Path = DATA,
    ports: Mapping[str, int] = PORTS,
    partitions: int = PARTITIONS,
    concurrency: int = CONCURRENCY,
    redeliver: Redeliver = "failed",
    sam: bool = False,
    env_vars: Path | None = None,
    retry_delay: float = RETRY_DELAY,
    lazy: bool = False,
    use_current_env: bool = False,
    debug: Iterable[str] = (),
    max_batching_window: int | None = None,
) -> Settings:
    """Return the settings of a stack; the environment says which services are external. Raises UserError.

    `overrides` are NAME=VALUE or file://PATH, and `debug` are FUNCTION or FUNCTION=PORT.
    """
    _check_templates(templates, sam=sam)
    if sam and use_current_env:
        raise SettingsError("--sam runs functions in containers, with their own packages: leave out --use-current-env.")
    read = tuple(map(template_settings, templates))
    _check_stack_names(read)
    settings = Settings(
        command=command,
        templates=read,
        overrides=_overrides(overrides),
        data=data,
        region=region(read),
        ports=ports,
        partitions=partitions,
        concurrency=concurrency,
        redeliver=redeliver,
        kafka=_external_brokers(),
        aws=_external_url(AWS_VARIABLE),
        dynamodb=_external_url(DYNAMODB_VARIABLE),
        services={
            name: value
            for name, value in os.environ.items()
            if name.startswith(f"{AWS_VARIABLE}_") and name != DYNAMODB_VARIABLE and value
        },
        sam=sam,
        schema_registry=_schema_registry(),
        env_vars=env_vars,
        retry_delay=retry_delay,
        lazy=lazy,
        use_current_env=use_current_env,
        debug=_debug(debug, sam=sam),
        max_batching_window=max_batching_window,
    )
    secured = settings.asked_for((*_SCRAM, *_MUTUAL_TLS))
    if secured and (settings.kafka or settings.for_containers):
        raise SettingsError(
            f"{secured[0]} stands for a listener of the broker that samrun starts, for processes of this machine. "
            f"It works neither with {KAFKA_VARIABLE} nor with `sam local`: use {{kafka}} instead."
        )
    return settings


def token_settings(
    *,
    template: Path | None = None,
    overrides: Iterable[str] = (),
    data: Path = DATA,
    subject: str | None = None,
    scopes: Iterable[str] = (),
    audience: str | None = None,
    lifetime: int = LIFETIME,
    claims: Iterable[str] = (),
) -> TokenSettings:
    """Return the settings of a token. `claims` are NAME=VALUE. Raises UserError.

    The stack says the subject and the audience, unless there are a template or overrides of its parameters.
    """
    values = _overrides(overrides)
    read = template_settings(template or TEMPLATE) if template or values else None
    return TokenSettings(
        template=read,
        overrides=values,
        data=data,
        region=region([read] if read else []),
        subject=subject,
        scopes=tuple(scopes),
        audience=audience,
        lifetime=lifetime,
        claims=_claims(claims),
    )


def template_settings(path: Path) -> TemplateSettings:
    """Return a template with the parameters of the samconfig.toml beside it. Raises ParametersError."""
    found = samconfig.read_parameters(path.parent)
    return TemplateSettings(
        path=path,
        parameters=found.values,
        command=found.command,
        region=found.region,
        stack_name=found.stack_name,
    )


def region(templates: Iterable[TemplateSettings] = ()) -> str:
    """Return the AWS region of the environment, or that of the first samconfig.toml that has one, or us-east-1."""
    configured = next((each.region for each in templates if each.region), None)
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or configured or "us-east-1"


def _overrides(overrides: Iterable[str]) -> Mapping[str, str]:
    return dict(parameters.read(overrides, source="--parameter-overrides"))


def _debug(functions: Iterable[str], *, sam: bool) -> Mapping[str, int | None]:
    debug: dict[str, int | None] = {}
    for text in functions:
        name, given, port = text.partition("=")
        if given and not (port.isdecimal() and int(port) <= 65535):
            raise SettingsError(
                f"--debug {text}: {port!r} is not a port: write {name}=PORT, 0 to 65535, or {name} alone."
            )
        debug[name] = int(port) if given else None
    if debug and sam:
        raise SettingsError(
            "--debug is for functions in processes of this machine, and --sam runs them in containers: leave one of "
            "them out. To debug in a container, run `samrun services`, and `sam local invoke --debug-port` beside it."
        )
    return debug


def _check_templates(templates: Sequence[Path], *, sam: bool) -> None:
    if sam and len(templates) > 1:
        raise SettingsError("--sam runs one template: leave out the others, or leave out --sam.")
    files = [template.resolve() for template in templates]
    for template in templates:
        if files.count(template.resolve()) > 1:
            raise SettingsError(f"{template} is named twice: name each template once.")


def _check_stack_names(templates: Sequence[TemplateSettings]) -> None:
    """Refuse a name of a further template's stack that its API cannot have: in a path, and in endpoints.json."""
    taken = {*PORTS, "issuer", "docs", "lambda-url", "debuggers"}
    for each in templates[1:]:
        if not _STACK_NAME.fullmatch(each.stack) or each.stack in taken:
            raise SettingsError(
                f"{each.path}: its stack has the name {each.stack!r}, which another template, a part of samrun or "
                "no path can have. Set another stack_name under [default.global.parameters] in the samconfig.toml "
                "beside it: letters, digits and hyphens."
            )
        taken.add(each.stack)


def _external_brokers() -> str | None:
    text = os.environ.get(KAFKA_VARIABLE)
    if text and not is_bootstrap(text):
        raise SettingsError(
            f"{KAFKA_VARIABLE} is {text!r}: write host:port, several separated by commas, or unset it and samrun "
            "starts a broker."
        )
    return text or None


def _external_url(variable: str) -> str | None:
    url = os.environ.get(variable)
    if url and not _URL.fullmatch(url):
        raise SettingsError(f"{variable} is {url!r}: write http://host:port, or unset it and samrun starts a service.")
    return url.rstrip("/") if url else None


def _schema_registry() -> str | None:
    url = os.environ.get(REGISTRY_VARIABLE)
    if url and not url.startswith(("http://", "https://")):
        raise SettingsError(
            f"{REGISTRY_VARIABLE} is {url!r}: write the http:// or https:// URL of a schema registry, or unset it and "
            "mappings use the one of their template."
        )
    return url or None


def _claims(claims: Iterable[str]) -> Mapping[str, str]:
    values = dict(_pairs(claims))
    for name in values.keys() & _OPTION_OF_CLAIM.keys():
        raise SettingsError(f"--claim: {name} is a claim of every token: set it with {_OPTION_OF_CLAIM[name]}")
    return values


def _pairs(claims: Iterable[str]) -> Iterator[tuple[str, str]]:
    for number, claim in enumerate(claims, start=1):
        name, found, value = claim.partition("=")
        if not found:  # the message does not repeat it, since it may hold a secret
            raise SettingsError(f"--claim: entry {number} is not a claim: write NAME=VALUE")
        yield name, value
