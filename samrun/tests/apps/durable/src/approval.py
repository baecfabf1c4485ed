"""Ask for the price, wait, and send the id of a callback to a queue; end with what the callback says."""

import json
import os
from typing import Any

import boto3
from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import Duration


@durable_execution
def handler(event: dict[str, Any], context: DurableContext) -> dict[str, Any]:
    if "Records" in event:
        [record] = event["Records"]
        event = json.loads(record["body"])
    found: dict[str, Any] = context.invoke(os.environ["PRICES"], {"thing": event["thing"]}, name="price")
    context.step(lambda _: print("asked for the price, once"), name="note")
    context.wait(Duration.from_seconds(1))
    callback = context.create_callback(name="approval")
    context.step(lambda _: _send(callback.callback_id, event["thing"]), name="ask")
    return {"price": found["price"], "approved": callback.result()}


def _send(callback_id: str, thing: str) -> None:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="approvals")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"id": callback_id, "thing": thing}))
