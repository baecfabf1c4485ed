"""Functions that are debugged: their ports, and the limits of time that do not count for them."""

import math
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from samrun.debugged_functions import (
    DEBUG_PORT,
    UnknownFunctionError,
    addresses,
    claim_debug_ports,
    with_debuggers,
)
from samrun.functions.debugger import MissingDebuggerError
from samrun.lambda_api.mapping_requests import MappingRequests
from samrun.supervision import ports
from samrun.supervision.ports import LOOPBACK, PortTakenError, listen
from samrun.template.model.application import Application
from samrun.template.model.authorizers import LambdaAuthorizer
from samrun.template.model.kafka_mappings import KafkaMapping
from support.templates import load_template

KAFKA = "arn:aws:kafka:us-east-1:123456789012:cluster/c/751d2973-a626-431c-9d4e-d7975eb44dd7-2"
HEAD = """
  Stream: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}
  Queue: {Type: AWS::SQS::Queue}
  Http:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Guard
        Authorizers:
          Guard:
            FunctionArn: !GetAtt Guard.Arn
            Identity: {Headers: [authorization]}
            AuthorizerPayloadFormatVersion: "2.0"
  Guard:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, CodeUri: src, Handler: main.handler, FunctionName: guard}
"""


def function(name: str) -> str:
    """Return the declaration of a function with a limit of time for everything."""
    return f"""
  {name}:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      CodeUri: src
      Handler: main.handler
      Timeout: 2
      ReservedConcurrentExecutions: 3
      EventInvokeConfig: {{MaximumEventAgeInSeconds: 60}}
      Events:
        Records:
          Type: MSK
          Properties:
            Stream: {KAFKA}
            Topics: [topic-{name}]
            StartingPosition: LATEST
            MaximumRecordAgeInSeconds: 60
            ProvisionedPollerConfig: {{MinimumPollers: 1}}
        Clicks:
          Type: Kinesis
          Properties: {{Stream: !GetAtt Stream.Arn, StartingPosition: LATEST, MaximumRecordAgeInSeconds: 60}}
        Jobs: {{Type: SQS, Properties: {{Queue: !GetAtt Queue.Arn}}}}
        Request: {{Type: HttpApi, Properties: {{ApiId: !Ref Http, Method: GET, Path: /{name}, TimeoutInMillis: 100}}}}
        Rest: {{Type: Api, Properties: {{Method: get, Path: /{name}, TimeoutInMillis: 100}}}}
"""


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Application:
    return load_template(tmp_path_factory.mktemp("template"), HEAD + function("Other") + function("Debugged"))


@pytest.fixture
def usual_port_taken() -> Iterator[None]:
    """Have something listen on debugpy's usual port, if nothing does."""
    try:
        listener = listen("test", DEBUG_PORT)
    except PortTakenError:
        yield
        return
    with listener:
        yield


def limits(application: Application, function: str) -> dict[str, object]:
    """Return each limit of the time of a function."""
    [own] = [each for each in application.functions if each.name == function]
    [route] = [each for api in application.apis for each in api.routes if each.function == function]
    [method] = [each for api in application.rest_apis for each in api.methods if each.function == function]
    [mapping] = [each for each in application.mappings if each.function == function]
    [stream] = [each for each in application.stream_triggers if each.function == function]
    [queue] = [each for each in application.queue_triggers if each.function == function]
    return {
        "timeout": own.timeout,
        "age of an event": own.asynchronous.maximum_age,
        "route": route.timeout,
        "method": method.timeout,
        "age of a record of Kafka": mapping.maximum_age,
        "age of a record of a stream": stream.maximum_age,
        "visibility of a message": not queue.extends_visibility,
    }


def test_no_limit_of_time_counts_for_a_function_that_is_debugged(application: Application) -> None:
    patient = with_debuggers(application, {"Debugged": 5678})
    assert limits(patient, "Debugged") == {
        "timeout": 24 * 60 * 60,
        "age of an event": math.inf,
        "route": math.inf,
        "method": math.inf,
        "age of a record of Kafka": None,
        "age of a record of a stream": None,
        "visibility of a message": False,
    }
    [debugged] = [each for each in patient.functions if each.name == "Debugged"]
    assert (debugged.debug_port, debugged.concurrency) == (5678, 1)


def test_a_change_through_lambda_s_api_brings_no_limit_back(application: Application) -> None:
    patient = with_debuggers(application, {"Debugged": 5678})
    [mapping] = [each for each in patient.mappings if each.function == "Debugged"]
    requests = MappingRequests(functions=None, region="us-east-1")
    changed = requests.updated(mapping, {"BatchSize": 7})
    assert isinstance(changed, KafkaMapping)
    assert (changed.batch_size, changed.maximum_age) == (7, None)


def test_the_limits_of_the_other_functions_stay(application: Application) -> None:
    patient = with_debuggers(application, {"Debugged": 5678})
    assert limits(patient, "Other") == limits(application, "Other")
    assert limits(application, "Other") == {
        "timeout": 2,
        "age of an event": 60,
        "route": 0.1,
        "method": 0.1,
        "age of a record of Kafka": 60,
        "age of a record of a stream": 60,
        "visibility of a message": True,
    }


def test_routes_wait_for_an_authorizer_that_is_debugged(application: Application) -> None:
    def timeouts(of: Application) -> set[float]:
        authorizers = [route.authorizer for api in of.apis for route in api.routes]
        return {each.timeout for each in authorizers if isinstance(each, LambdaAuthorizer)}

    assert timeouts(application) == {29.0}
    assert timeouts(with_debuggers(application, {"guard": 5678})) == {math.inf}


def test_application_without_debuggers_stays_as_it_is(application: Application) -> None:
    assert with_debuggers(application, {}) is application


def test_a_function_is_named_by_its_name_or_its_logical_id(application: Application) -> None:
    for name in ("guard", "Guard"):
        [(found, port)] = claim_debug_ports(application.functions, {name: 0}).items()
        assert (found, port > 0) == ("guard", True)
        assert addresses({found: port}) == {"guard": f"127.0.0.1:{port}"}


def test_an_unknown_function_is_an_error_that_names_the_others(application: Application) -> None:
    with pytest.raises(UnknownFunctionError, match=r"--debug Gard: there is no such .* are Debugged, Other, guard\."):
        claim_debug_ports(application.functions, {"Gard": None})


def test_a_port_that_is_taken_is_an_error_that_says_how_to_name_another(application: Application) -> None:
    with listen("test", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortTakenError, match=rf"--debug Other={port}: something else .* Name another one \(0: any"):
            claim_debug_ports(application.functions, {"Other": port})


@pytest.mark.usefixtures("usual_port_taken")
def test_without_a_port_a_free_one_replaces_the_usual_one_that_is_taken(application: Application) -> None:
    claimed = claim_debug_ports(application.functions, {"Other": None})["Other"]
    assert claimed != DEBUG_PORT
    with socket.socket() as free:
        free.bind((LOOPBACK, claimed))


def test_two_functions_cannot_have_one_port(application: Application) -> None:
    port = ports.claim("test", 0)
    with pytest.raises(PortTakenError, match=rf"--debug Other={port}: another function has the port {port}"):
        claim_debug_ports(application.functions, {"Debugged": port, "Other": port})


def test_two_functions_have_different_ports(application: Application) -> None:
    claimed = claim_debug_ports(application.functions, {"Other": None, "Debugged": None, "guard": 0})
    assert len(set(claimed.values())) == 3


def test_missing_debugpy_is_an_error_with_the_command_that_installs_it(
    application: Application, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delitem(sys.modules, "debugpy", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.setattr(sys, "meta_path", [each for each in sys.meta_path if "editable" not in repr(each)])
    with pytest.raises(MissingDebuggerError, match=r"-m pip install debugpy$"):
        claim_debug_ports(application.functions, {"Other": None})
