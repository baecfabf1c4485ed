"""Notifications of a template."""

from pathlib import Path

from samrun.template.model.triggers import Notification
from samrun.template.triggers.event_queue_names import event_queue_name
from support.templates import FUNCTION, load_template


def test_topics_and_buckets_notify_each_function_once(tmp_path: Path) -> None:
    resources = f"""
  News: {{Type: AWS::SNS::Topic, Properties: {{Subscription: [{{Protocol: lambda, Endpoint: !GetAtt Other.Arn}}]}}}}
  Mails: {{Type: AWS::SNS::Subscription, Properties: {{Protocol: firehose, TopicArn: !Ref News, Endpoint: stream}}}}
  Uploads: {{Type: AWS::S3::Bucket}}
  Other:{FUNCTION}
  Fn:{FUNCTION}      Events:
        News: {{Type: SNS, Properties: {{Topic: !Ref News}}}}
        Created: {{Type: S3, Properties: {{Bucket: !Ref Uploads, Events: "s3:ObjectCreated:*"}}}}
        Removed: {{Type: S3, Properties: {{Bucket: !Ref Uploads, Events: "s3:ObjectRemoved:*"}}}}
"""
    application = load_template(tmp_path, resources)
    assert application.notifications == (
        Notification(service="sns", source="News", function="Other", queue=event_queue_name("sns", "News", "Other")),
        Notification(service="sns", source="News", function="Fn", queue=event_queue_name("sns", "News", "Fn")),
        Notification(service="s3", source="uploads", function="Fn", queue=event_queue_name("s3", "uploads", "Fn")),
    )
    assert application.ignored == ("Mails: the topic sends nothing by the Protocol firehose",)


def test_notification_of_an_unknown_function_is_listed(tmp_path: Path) -> None:
    endpoint = "arn:aws:lambda:us-east-1:123456789012:function:elsewhere"
    resources = f"""
  News: {{Type: AWS::SNS::Topic, Properties: {{Subscription: [{{Protocol: lambda, Endpoint: '{endpoint}'}}]}}}}
"""
    application = load_template(tmp_path, resources)
    assert application.notifications == ()
    assert application.ignored == ("News: its notifications of elsewhere, which is not a function of the template",)


def test_name_of_an_event_queue_is_valid_and_different_for_each_source() -> None:
    names = {event_queue_name("s3", f"my.long-bucket-name-{'x' * 40}{end}", "F" * 60) for end in "ab"}
    assert len(names) == 2
    assert all(len(name) <= 80 and "." not in name for name in names)


def test_addresses_that_subscribe_to_a_topic_are_read(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        """
  News: {Type: AWS::SNS::Topic, Properties: {Subscription: [{Protocol: email, Endpoint: ada@home.example}]}}
  Text: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref News, Protocol: sms, Endpoint: '+4915'}}
""",
    )
    found = [(each.topic, each.protocol, each.address) for each in application.address_subscriptions]
    assert found == [("News", "email", "ada@home.example"), ("News", "sms", "+4915")]
    assert len({each.queue for each in application.address_subscriptions}) == 2
    assert application.ignored == ()


def test_topic_sends_nothing_by_an_unknown_protocol_of_its_own(tmp_path: Path) -> None:
    topic = "{Type: AWS::SNS::Topic, Properties: {Subscription: [{Protocol: application, Endpoint: arn}]}}"
    application = load_template(tmp_path, f"\n  News: {topic}\n")
    assert application.ignored == ("News: the topic sends nothing by the Protocol application",)
