"""Receipt rules of a template."""

from pathlib import Path

import pytest

from samrun.template.model.application import Application
from samrun.template.model.mail_receipts import ReceiptRule
from support.templates import FUNCTION, load_template

ARN = "arn:aws:lambda:us-east-1:123456789012:function:Fn"


def load(tmp_path: Path, rule: str, *, more: str = "", after: str = "", function: str = FUNCTION) -> Application:
    resources = f"""
  Fn:{function}
  Allowed: {{Type: AWS::Lambda::Permission, Properties: {{Principal: ses.amazonaws.com, FunctionName: !Ref Fn}}}}
  Domain: {{Type: AWS::SES::EmailIdentity, Properties: {{EmailIdentity: shop.example}}}}
  Rules: {{Type: AWS::SES::ReceiptRuleSet, Properties: {{RuleSetName: inbound}}}}
  Rule: {{Type: AWS::SES::ReceiptRule, Properties: {{RuleSetName: !Ref Rules, {after}Rule: {{{rule}}}}}}}
{more}
"""
    return load_template(tmp_path, resources)


def test_rule_without_recipients_is_for_the_verified_domains(tmp_path: Path) -> None:
    application = load(tmp_path, "Name: all, Enabled: true, Actions: [{LambdaAction: {FunctionArn: !GetAtt Fn.Arn}}]")
    assert application.receipt_rules == (
        ReceiptRule(
            logical_id="Rule",
            name="all",
            rule_set="inbound",
            recipients=("shop.example",),
            actions=({"LambdaAction": {"FunctionArn": ARN}},),
            functions={ARN: "Fn"},
        ),
    )
    assert (application.ignored, application.missing_triggers) == ((), ())


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        ("ada@shop.example", ["Ada@Shop.example"]),
        ("shop.example", ["Ada@Shop.example", "bob@shop.example"]),
        (".shop.example", ["eve@mail.shop.example"]),
        ("other.example", []),
    ],
)
def test_recipient_is_an_address_or_a_domain_or_its_subdomains(
    tmp_path: Path, recipient: str, expected: list[str]
) -> None:
    [rule] = load(tmp_path, f"Enabled: true, Recipients: ['{recipient}'], Actions: []").receipt_rules
    assert rule.recipients_among(["Ada@Shop.example", "bob@shop.example", "eve@mail.shop.example"]) == expected


def test_rule_comes_after_the_one_that_its_after_names(tmp_path: Path) -> None:
    later = "  Zero: {Type: AWS::SES::ReceiptRule, Properties: {RuleSetName: inbound, Rule: {Name: z, Enabled: true}}}"
    first = load(tmp_path, "Name: a, Enabled: true", after="After: z, ", more=later)
    assert [each.name for each in first.receipt_rules] == ["z", "a"]


def test_rule_and_action_that_do_not_run_are_listed(tmp_path: Path) -> None:
    assert load(tmp_path, "Actions: []").ignored == ("Rule: its Rule does not have Enabled: true",)
    application = load(tmp_path, "Enabled: true, Actions: [{WorkmailAction: {OrganizationArn: o}}]")
    assert application.ignored == ("Rule: WorkmailAction, which samrun does not run",)


def test_function_that_does_not_run_receives_no_mail(tmp_path: Path) -> None:
    rule = "Enabled: true, Actions: [{LambdaAction: {FunctionArn: !GetAtt Fn.Arn}}]"
    application = load(tmp_path, rule, function=FUNCTION.replace("python3.13", "nodejs22.x"))
    assert application.receipt_rules[0].functions == {}
    assert [each.source for each in application.missing_triggers] == ["Amazon SES"]
