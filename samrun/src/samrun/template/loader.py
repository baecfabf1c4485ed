"""Reads a SAM template: translates it as a deployment would, resolves it, and says what there is to run."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.yaml_helper import yaml_parse

from local.arns import function_name
from local.errors import PlainError
from local.http_api import http_api, ignored_of_api
from local.intrinsics import UnresolvableError
from local.model import Application, Function, KafkaLogin, KafkaMapping, Resource
from local.schedules import reading
from local.schedules.reading import ScheduleError
from local.translation import Wired, translate, wire

_FUNCTION = "AWS::Lambda::Function"
# Resources that the functions talk to: local/resources.py makes them.
_MADE = {
    "AWS::DynamoDB::Table",
    "AWS::S3::Bucket",
    "AWS::SES::ConfigurationSet",
    "AWS::SES::EmailIdentity",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
}
# Resources that need nothing done on one machine: their meaning is in others, or is operation only.
_PASSIVE = {
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Lambda::Alias",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::LogGroup",
    "AWS::S3::BucketPolicy",
    "AWS::Scheduler::ScheduleGroup",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}
# Properties of a Kafka mapping that change what a deployment does, and nothing on this machine.
_IGNORED_OF_MAPPING = ("FilterCriteria",)
# "When you configure both infinite retries and an on-failure destination, Lambda automatically applies a maximum of 10
# retry attempts": https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
_RETRIES_BEFORE_A_DESTINATION = 10


class TemplateError(PlainError):
    """The template cannot be run; the message says what to change."""


def load(path: Path, *, parameters: Mapping[str, str], region: str, aws: str) -> Application:
    """Read the template at `path` with these values for its parameters.

    `aws` is the URL of the local AWS (queue URLs begin with it). Raises TemplateError.
    """
    source = _read(path)
    values = _parameter_values(source, parameters, path)
    try:
        template = translate(source, parameters=values, region=region)
        wired = wire(template, parameters=values, region=region, aws=aws, stack="local")
        return _Reader(path, source, wired).application()
    except InvalidDocumentException as error:
        causes = "\n".join(f"  {cause.message}" for cause in error.causes)
        raise TemplateError(f"{path} is not a valid SAM template:\n{causes}") from error
    except (UnresolvableError, ScheduleError) as error:
        raise TemplateError(f"{path}: {error}") from error


class _Reader:
    """Turns the translated resources, one by one, into what the local stack runs."""

    def __init__(self, path: Path, source: Mapping[str, Any], wired: Wired) -> None:
        self._path = path
        self._source = source
        self._intrinsics = wired.intrinsics
        self._references = wired.references
        self._resources = wired.resources

    def application(self) -> Application:
        known = _MADE | _PASSIVE | reading.KINDS | {_FUNCTION, "AWS::ApiGatewayV2::Api"}
        known.add("AWS::Lambda::EventSourceMapping")
        return Application(
            functions=tuple(self._function(*each) for each in self._of(_FUNCTION)),
            apis=tuple(
                http_api(
                    logical_id,
                    properties.get("Body", {}),
                    stage=self._stage_of(logical_id),
                    metadata=self._intrinsics.resolve(self._resources[logical_id].get("Metadata", {})),
                    folder=self._path.parent,
                )
                for logical_id, properties in self._of("AWS::ApiGatewayV2::Api")
            ),
            mappings=tuple(
                self._mapping(*each)
                for each in self._of("AWS::Lambda::EventSourceMapping")
                if _kafka_config(each[1]) is not None and _is_enabled(each[1])
            ),
            schedules=tuple(
                reading.schedules(
                    self._of, functions=self._function_names(), region=self._intrinsics.resolve({"Ref": "AWS::Region"})
                )
            ),
            resources=tuple(
                Resource(
                    logical_id=logical_id,
                    type=kind,
                    name=self._references.name(logical_id),
                    properties=properties,
                )
                for kind in sorted(_MADE)
                for logical_id, properties in self._of(kind)
            ),
            ignored=tuple(self._ignored(known)),
        )

    def _ignored(self, known: Collection[str]) -> Iterator[str]:
        for logical_id, resource in self._resources.items():
            kind = resource["Type"]
            if kind not in known:
                yield f"{logical_id} ({kind})"
        for logical_id, properties in self._of("AWS::Lambda::EventSourceMapping"):
            if ignored := ", ".join(_ignored_of_mapping(properties)):
                yield f"{logical_id}: {ignored}"
        for logical_id, properties in self._of("AWS::ApiGatewayV2::Api"):
            if ignored := ", ".join(ignored_of_api(properties)):
                yield f"{logical_id}: {ignored}"
        yield from reading.ignored_of_schedules(self._of, functions=self._function_names())

    def _of(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for logical_id, resource in self._resources.items():
            if resource["Type"] == kind:
                yield logical_id, self._intrinsics.resolve(resource.get("Properties", {}))

    def _function_names(self) -> set[str]:
        return {self._references.name(logical_id) for logical_id, _ in self._of(_FUNCTION)}

    def _function(self, logical_id: str, properties: dict[str, Any]) -> Function:
        runtime = properties.get("Runtime", "")
        if not runtime.startswith("python"):
            raise TemplateError(
                f"{self._path}: {logical_id} has the runtime {runtime or properties.get('PackageType')!r}; "
                "only functions in Python run here"
            )
        watched = self._path.parent / self._code_uri(logical_id)
        if not watched.is_dir():
            raise TemplateError(f"{self._path}: the CodeUri of {logical_id}, {watched}, is no folder")
        environment = properties.get("Environment", {}).get("Variables", {})
        return Function(
            name=self._references.name(logical_id),
            arn=self._references(logical_id, "Arn"),
            handler=properties["Handler"],
            code=self._package_root(logical_id, watched),
            watched=watched,
            timeout=int(properties.get("Timeout", 3)),
            memory=int(properties.get("MemorySize", 128)),
            concurrency=int(concurrency) if (concurrency := properties.get("ReservedConcurrentExecutions")) else None,
            environment={name: _as_variable(value) for name, value in environment.items()},
            log_format=properties.get("LoggingConfig", {}).get("LogFormat", "Text"),
            log_level=properties.get("LoggingConfig", {}).get("ApplicationLogLevel"),
        )

    def _code_uri(self, logical_id: str) -> str:
        of_all = self._source.get("Globals", {}).get("Function", {}).get("CodeUri")
        code_uri = self._source["Resources"][logical_id].get("Properties", {}).get("CodeUri", of_all)
        if not isinstance(code_uri, str) or code_uri.startswith("s3://"):
            raise TemplateError(f"{self._path}: {logical_id} needs a CodeUri that is a folder beside the template")
        return code_uri

    def _package_root(self, logical_id: str, folder: Path) -> Path:
        """Return what lies at the root of the zip: with ParentPackageMode, `sam build` keeps the folders above."""
        build = self._source["Resources"][logical_id].get("Metadata", {}).get("BuildProperties", {})
        mode = build.get("ParentPackageMode")
        if mode == "explicit":
            package = Path(*build["ParentPackages"].split("."))
        elif mode == "auto":
            package = folder.relative_to(self._path.parent)
        else:
            return folder.resolve()
        if folder.parts[-len(package.parts) :] != package.parts:
            raise TemplateError(
                f"{self._path}: the ParentPackages of {logical_id}, {package}, are not where its CodeUri ends: {folder}"
            )
        return folder.resolve().parents[len(package.parts) - 1]

    def _stage_of(self, api: str) -> Mapping[str, Any]:
        """Return the properties of an API's stage; on one machine there is one."""
        stages = (stage for _, stage in self._of("AWS::ApiGatewayV2::Stage") if stage.get("ApiId") == api)
        return next(stages, {})

    def _mapping(self, logical_id: str, properties: dict[str, Any]) -> KafkaMapping:
        config = _kafka_config(properties) or {}
        function = function_name(properties["FunctionName"])
        arns = {self._references.name(each): self._references(each, "Arn") for each, _ in self._of(_FUNCTION)}
        if function not in arns:
            raise TemplateError(f"{self._path}: {logical_id} triggers {function}, which is no function of the template")
        timestamp = properties.get("StartingPositionTimestamp")
        destination = _destination(properties)
        retries = _limit(properties, "MaximumRetryAttempts")
        return KafkaMapping(
            logical_id=logical_id,
            function=function,
            function_arn=arns[function],
            topic=properties["Topics"][0],
            consumer_group=config.get("ConsumerGroupId") or f"local-{logical_id}",
            event_source_arn=properties.get("EventSourceArn"),
            batch_size=int(properties.get("BatchSize", 100)),
            window=float(properties.get("MaximumBatchingWindowInSeconds", 0.5)),
            starting_position=properties.get("StartingPosition", "TRIM_HORIZON"),
            starting_timestamp=None if timestamp is None else float(timestamp),
            partial_answers="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", []),
            bisect=_is_true(properties.get("BisectBatchOnFunctionError", False)),
            maximum_retries=_RETRIES_BEFORE_A_DESTINATION if retries is None and destination else retries,
            maximum_age=_limit(properties, "MaximumRecordAgeInSeconds"),
            on_failure=None if _is_kafka_topic(destination) else destination,
            bootstrap=_bootstrap(properties),
            login=_login(properties),
        )


def _kafka_config(properties: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the Kafka part of an event source mapping; None where it reads something else than Kafka."""
    for name in ("AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig"):
        if name in properties:
            config: Mapping[str, Any] = properties[name]
            return config
    is_kafka = "SelfManagedEventSource" in properties or ":kafka:" in str(properties.get("EventSourceArn"))
    return {} if is_kafka else None


def _bootstrap(mapping: Mapping[str, Any]) -> str | None:
    """Return the brokers of a self-managed cluster; None for one of MSK."""
    # SAM writes the first name, the API has the second.
    endpoints = mapping.get("SelfManagedEventSource", {}).get("Endpoints", {})
    servers = endpoints.get("KafkaBootstrapServers") or endpoints.get("KAFKA_BOOTSTRAP_SERVERS")
    return ",".join(servers) if servers else None


def _login(mapping: Mapping[str, Any]) -> KafkaLogin:
    secrets = {each["Type"]: each["URI"] for each in mapping.get("SourceAccessConfigurations", [])}
    return KafkaLogin(user=secrets.get("SASL_SCRAM_512_AUTH"), ca=secrets.get("SERVER_ROOT_CA_CERTIFICATE"))


def _is_enabled(mapping: Mapping[str, Any]) -> bool:
    return _is_true(mapping.get("Enabled", True))


def _is_true(value: Any) -> bool:
    """Tell whether a boolean of the template is true; CloudFormation takes it as text, too."""
    return str(value).lower() == "true"


def _limit(mapping: Mapping[str, Any], name: str) -> int | None:
    """Return a limit of a mapping; None where it is infinite, -1."""
    value = int(mapping.get(name, -1))
    return None if value < 0 else value


def _destination(mapping: Mapping[str, Any]) -> str | None:
    """Return what takes the batches that are given up: an ARN or kafka://topic."""
    on_failure = mapping.get("DestinationConfig", {}).get("OnFailure", {})
    return on_failure.get("Destination") or None


def _is_kafka_topic(destination: str | None) -> bool:
    return destination is not None and destination.startswith("kafka://")


def _ignored_of_mapping(properties: Mapping[str, Any]) -> list[str]:
    if _kafka_config(properties) is None:
        return ["all of it, since it reads something else than Kafka"]
    if not _is_enabled(properties):
        return ["all of it, since it has Enabled: false"]
    ignored = [name for name in _IGNORED_OF_MAPPING if name in properties]
    if _is_kafka_topic(destination := _destination(properties)):
        ignored.append(f"DestinationConfig to {destination} (what is given up is lost here)")
    return ignored


def _as_variable(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(path: Path) -> dict[str, Any]:
    try:
        source = yaml_parse(path.read_text())
    except FileNotFoundError:
        raise TemplateError(f"{path}: no such template; name another with --template") from None
    except Exception as error:  # the parser raises errors of several libraries, and all mean this
        raise TemplateError(f"{path} cannot be read as YAML or JSON: {error}") from error
    if not isinstance(source, dict) or not isinstance(source.get("Resources"), dict):
        raise TemplateError(f"{path} has no Resources")
    return source


def _parameter_values(source: Mapping[str, Any], given: Mapping[str, str], path: Path) -> dict[str, str]:
    declared: Mapping[str, Any] = source.get("Parameters", {})
    if unknown := sorted(given.keys() - declared.keys()):
        raise TemplateError(f"{path} has no parameter {', '.join(unknown)}")
    values = {
        name: str(given.get(name, parameter.get("Default")))
        for name, parameter in declared.items()
        if name in given or "Default" in parameter
    }
    if missing := sorted(declared.keys() - values.keys()):
        raise TemplateError(
            f"{path}: no value for the parameter {', '.join(missing)}: give it with --parameter-overrides NAME=VALUE "
            "or in samconfig.toml under [default.local_run.parameters]"
        )
    return values
