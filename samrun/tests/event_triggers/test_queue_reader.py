"""Reader of an event queue."""

import uuid
from concurrent.futures import ThreadPoolExecutor

from samrun.event_triggers.queue_reader import QueueReader
from samrun.event_triggers.sns_events import sns_event
from samrun.testing.waiting import eventually
from support.local_aws import LocalAws


def test_each_message_is_passed_on_once_and_an_unreadable_queue_is_read_later(local_aws: LocalAws) -> None:
    sqs, name = local_aws.client("sqs"), f"queue-{uuid.uuid4().hex}"
    passed_on: list[str] = []
    reports: list[str] = []
    reader = QueueReader(queue=name, sqs=sqs, pass_on=passed_on.append, report=reports.append)
    with ThreadPoolExecutor(1) as executor:
        run = executor.submit(reader.run)
        eventually(lambda: reports, what="a report that the queue does not exist", patience=30)
        url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
        for body in ("a", "b", "c"):
            sqs.send_message(QueueUrl=url, MessageBody=body)
        eventually(lambda: len(passed_on) >= 3, what="the messages", patience=30)
        reader.stop()
        run.result(timeout=30)
    assert passed_on == ["a", "b", "c"]
    assert reports[0].startswith(f"{name} cannot be read, and is read again: ")


def test_message_that_cannot_be_read_is_reported_and_deleted(local_aws: LocalAws) -> None:
    sqs, name = local_aws.client("sqs"), f"queue-{uuid.uuid4().hex}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    passed_on: list[bytes] = []
    reports: list[str] = []
    reader = QueueReader(
        queue=name, sqs=sqs, pass_on=lambda body: passed_on.append(sns_event(body)), report=reports.append
    )
    unreadable = ("no JSON", "{}", "[]", "7")
    for body in (*unreadable, '{"TopicArn": "arn"}'):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    with ThreadPoolExecutor(1) as executor:
        run = executor.submit(reader.run)
        eventually(lambda: passed_on, what="the good message", patience=30)
        reader.stop()
        run.result(timeout=30)
    assert len(reports) == len(unreadable)
    assert all("cannot be read and is deleted" in report for report in reports)
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"]
    assert set(left.values()) == {"0"}
