"""SQS-SendMessage: a route of an HTTP API that sends a message to a queue, and answers what SQS answers."""

import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from starlette.responses import Response

from samrun.services.clients import Clients

_NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/"
_REQUIRED = ("QueueUrl", "MessageBody")
_OPTIONAL = ("MessageDeduplicationId", "MessageGroupId")
_RESULTS = ("MessageId", "MD5OfMessageBody", "MD5OfMessageAttributes", "SequenceNumber")


def call_send_message(parameters: Mapping[str, str], *, client: Clients, request_id: str) -> Response:
    """Send a message with these parameters, and return the answer of SQS, in XML. It blocks."""
    for name in _REQUIRED:
        if not parameters.get(name):
            text = f"The request must contain the parameter {name}."
            return _failed(400, "MissingParameter", text, request_id)
    try:
        sqs = client("sqs")
        # The URL may be one of AWS; the name at its end is that of the local queue, too.
        queue = sqs.get_queue_url(QueueName=parameters["QueueUrl"].rpartition("/")[2])["QueueUrl"]
        sent = sqs.send_message(QueueUrl=queue, **_options(parameters))
    except ClientError as error:
        details, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        return _failed(status, details["Code"], details["Message"], request_id)
    except (ValueError, ParamValidationError) as error:
        return _failed(400, "InvalidParameterValue", str(error), request_id)
    except BotoCoreError as error:
        return _failed(503, "ServiceUnavailable", str(error), request_id)
    result = "".join(f"<{name}>{sent[name]}</{name}>" for name in _RESULTS if name in sent)
    return _xml(
        200,
        f'<SendMessageResponse xmlns="{_NAMESPACE}"><SendMessageResult>{result}</SendMessageResult>'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></SendMessageResponse>",
    )


def _options(parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments of boto3 for the parameters. Raises ValueError."""
    options: dict[str, Any] = {"MessageBody": parameters["MessageBody"]}
    options |= {name: parameters[name] for name in _OPTIONAL if name in parameters}
    if "DelaySeconds" in parameters:
        options["DelaySeconds"] = int(parameters["DelaySeconds"])
    if "MessageAttributes" in parameters:
        options["MessageAttributes"] = json.loads(parameters["MessageAttributes"])
    return options


def _failed(status: int, code: str, text: str, request_id: str) -> Response:
    return _xml(
        status,
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>{"Sender" if status < 500 else "Receiver"}</Type>'
        f"<Code>{escape(code)}</Code><Message>{escape(text)}</Message><Detail/></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>",
    )


def _xml(status: int, text: str) -> Response:
    return Response(f'<?xml version="1.0"?>{text}', status, media_type="text/xml")
