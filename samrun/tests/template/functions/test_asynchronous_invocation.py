"""Asynchronous invocation as a template configures it, and the qualifiers of a function."""

from pathlib import Path

from samrun.template.model.functions import AsynchronousInvocation
from support.templates import FUNCTION, load_template

QUEUE = "arn:aws:sqs:us-east-1:123456789012:Queue"


def test_function_has_the_settings_of_its_event_invoke_config(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        f"""
  Queue: {{Type: AWS::SQS::Queue}}
  Fn:{FUNCTION}
      AutoPublishAlias: live
      DeadLetterQueue: {{Type: SQS, TargetArn: !GetAtt Queue.Arn}}
      EventInvokeConfig:
        MaximumRetryAttempts: 0
        MaximumEventAgeInSeconds: 60
        DestinationConfig:
          OnSuccess: {{Type: Lambda, Destination: !GetAtt Other.Arn}}
          OnFailure: {{Type: SQS, Destination: !GetAtt Queue.Arn}}
  Other:{FUNCTION}
""",
    )
    function, other = application.functions
    assert function.asynchronous == AsynchronousInvocation(
        maximum_retries=0, maximum_age=60, on_success=other.arn, on_failure=QUEUE, dead_letter_queue=QUEUE
    )
    assert other.asynchronous == AsynchronousInvocation(maximum_retries=2, maximum_age=6 * 60 * 60)
    assert (sorted(function.qualifiers), sorted(other.qualifiers)) == (["1", "live"], [])
    assert application.ignored == ()


def test_destination_that_lambda_does_not_have_is_listed(tmp_path: Path) -> None:
    arn = "arn:aws:s3:::bucket"
    application = load_template(
        tmp_path,
        f"""
  Fn:{FUNCTION}
  Config:
    Type: AWS::Lambda::EventInvokeConfig
    Properties:
      FunctionName: !Ref Fn
      Qualifier: $LATEST
      DestinationConfig: {{OnSuccess: {{Destination: "{arn}"}}, OnFailure: {{Destination: "{arn}"}}}}
""",
    )
    assert application.functions[0].asynchronous.on_failure == arn
    assert application.ignored == (f"Config: OnSuccess to {arn}, which is no destination that Lambda has",)


def test_settings_of_a_function_of_another_stack_are_listed(tmp_path: Path) -> None:
    resources = f"""
  Fn:{FUNCTION}
  Config: {{Type: AWS::Lambda::EventInvokeConfig, Properties: {{FunctionName: other, Qualifier: $LATEST}}}}
"""
    assert load_template(tmp_path, resources).ignored == ("Config: its function other is not in the template",)
