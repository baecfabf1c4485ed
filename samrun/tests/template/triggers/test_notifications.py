"""Notifications of a template."""

from pathlib import Path

from samrun.template.model.triggers import Notification
from samrun.template.triggers.event_queue_names import event_queue_name
from support.templates import FUNCTION, load_template


def test_topics_and_buckets_notify_each_function_once(tmp_path: Path) -> None:
    resources = f"""
  News: {{Type: AWS::SNS::Topic, Properties: {{Subscription: [{{Protocol: lambda, Endpoint: !GetAtt Other.Arn}}]}}}}
  Mails: {{Type: AWS::SNS::Subscription, Properties: {{Protocol: email, TopicArn: !Ref News, Endpoint: a@example.com}}}}
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
    assert application.ignored == ("Mails: the topic sends nothing by the Protocol email",)


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
