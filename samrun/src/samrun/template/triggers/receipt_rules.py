"""Receipt rules of a template: AWS::SES::ReceiptRule.

https://docs.aws.amazon.com/ses/latest/dg/receiving-email-concepts.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from samrun.template.arns import function_name
from samrun.template.model.mail_receipts import ReceiptRule
from samrun.template.resolution.booleans import is_true
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.support.resource_types import RECEIPT_RULE

_IDENTITY = "AWS::SES::EmailIdentity"
_RUN = {"AddHeaderAction", "LambdaAction", "S3Action", "SNSAction", "StopAction"}


def read_receipt_rules(template: ResolvedTemplate) -> Iterator[ReceiptRule]:
    """Yield the enabled rules of all rule sets, each set in its order."""
    verified = [template.name(logical_id) for logical_id, _ in template.of_type(_IDENTITY)]
    arns = template.function_arns()
    for logical_id, properties in _ordered(template):
        rule = properties["Rule"]
        if is_true(rule.get("Enabled", False)):
            actions = rule.get("Actions", [])
            named = [str(each["LambdaAction"]["FunctionArn"]) for each in actions if "LambdaAction" in each]
            yield ReceiptRule(
                logical_id=logical_id,
                name=str(rule.get("Name", logical_id)),
                rule_set=str(properties["RuleSetName"]),
                # A rule without recipients is for all of the verified domains.
                recipients=tuple(map(str, rule.get("Recipients") or verified)),
                actions=tuple(actions),
                functions={arn: function_name(arn) for arn in named if function_name(arn) in arns},
            )


def ignored_in_receipt_rules(template: ResolvedTemplate) -> Iterator[str]:
    """Yield a text for each rule, and each action of one, that does not run."""
    functions = template.function_arns()
    for logical_id, properties in _ordered(template):
        if not is_true(properties["Rule"].get("Enabled", False)):
            yield f"{logical_id}: its Rule does not have Enabled: true"
            continue
        for action in properties["Rule"].get("Actions", []):
            for name in sorted(action.keys() - _RUN):
                yield f"{logical_id}: {name}, which samrun does not run"
            arn = str(action.get("LambdaAction", {}).get("FunctionArn", ""))
            if arn and function_name(arn) not in functions:
                yield f"{logical_id}: its LambdaAction, {arn}, which is not a function of the template"


def _ordered(template: ResolvedTemplate) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the rules of the template: one after the other that its After names, and else in the template's order."""
    waiting = list(template.of_type(RECEIPT_RULE))
    names = {str(properties["Rule"].get("Name", logical_id)) for logical_id, properties in waiting}
    done: set[str] = set()
    while waiting:
        next_rules = [each for each in waiting if each[1].get("After") not in names - done] or waiting
        for logical_id, properties in next_rules:
            done.add(str(properties["Rule"].get("Name", logical_id)))
            yield logical_id, properties
        waiting = [each for each in waiting if each not in next_rules]
