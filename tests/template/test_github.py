"""infrastructure/github.yaml: GitHub's role may do what CloudFormation needs for the stack's resources, and no more.

The permissions that CloudFormation needs are in its own schemas, which cfn-lint brings: each type of resource names
those of its handlers.
"""

from __future__ import annotations

import copy
import json
import tomllib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.template.deployment import (
    GITHUB_TEMPLATE,
    ROOT,
    Deployment,
    deploy,
    deploy_plain,
    parameters_of,
    source_of,
)
from tests.template.guide_edits import added_statements, edited_template, release
from tests.template.parameter_sets import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STACK = "orders-dev"
# Permissions of the schemas that are for properties which the template does not have, or that are no actions of IAM.
NOT_NEEDED = {
    "apigateway:*tagresource": "no action of IAM: tags are POST and DELETE on /tags",
    "codedeploy:*": "deployments of an alias step by step",
    "dynamodb:*importtable": "a table from S3",
    "dynamodb:*kinesisstreamingdestination": "streams to Kinesis",
    "dynamodb:*resourcepolicy": "policies of tables; reading them is allowed",
    "dynamodb:*tablereplica": "global tables",
    "dynamodb:batchwriteitem": "a table from S3",
    "dynamodb:deleteitem": "global tables",
    "dynamodb:describeimport": "a table from S3",
    "dynamodb:getitem": "global tables",
    "dynamodb:putitem": "a table from S3",
    "dynamodb:query": "global tables",
    "dynamodb:scan": "global tables",
    "dynamodb:updateitem": "global tables",
    "elasticfilesystem:*": "file systems of functions",
    "firehose:*": "deliveries of logs",
    "iam:*group*policy": "policies of groups",
    "iam:*permissionsboundary": "boundaries of roles",
    "iam:*user*policy": "policies of users",
    "iam:createservicelinkedrole": "capacity of tables that scales; of a new account's first function, see the guide",
    "kinesis:*": "streams to Kinesis",
    "kms:revokegrant": "a table that leaves its key",
    "lambda:*provisionedconcurrencyconfig": "provisioned concurrency of an alias",
    "lambda:associateruntimealias": "runtimes by alias",
    "lambda:passcapacityprovider": "instances of your own",
    "logs:createlogstream": "a table from S3",
    "logs:describelogstreams": "a table from S3",
    "logs:putdataprotectionpolicy": "data protection of logs",
    "logs:putlogevents": "a table from S3",
    "s3:*metadata*": "tables of a bucket's metadata",
    "s3:*object*": "objects; the upload to SAM's bucket has its own statement",
    "s3:rest.put.object": "deliveries of logs",
    "s3files:*": "file systems of functions",
    "s3tables:*": "tables of a bucket's metadata",
    "sns:putdataprotectionpolicy": "data protection of topics",
}
# Actions that no deployment needs: those on orders, messages, objects, logs and mails.
DATA = [
    *("dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:PutItem", "dynamodb:ExportTableToPointInTime"),
    *("sqs:ReceiveMessage", "sqs:SendMessage", "sqs:PurgeQueue", "sns:Publish", "ses:SendEmail", "ses:SendRawEmail"),
    *("lambda:InvokeFunction", "lambda:InvokeAsync", "logs:GetLogEvents", "logs:FilterLogEvents", "logs:StartQuery"),
    *("secretsmanager:GetSecretValue", "iam:CreateUser", "iam:CreateAccessKey", "sts:AssumeRole", "s3:DeleteObject"),
]


@pytest.fixture(scope="module")
def github() -> Deployment:
    return deploy_plain(GITHUB_TEMPLATE, Repository="you/your-repository")


@pytest.fixture(scope="module")
def granted(github: Deployment) -> set[tuple[str, str]]:
    """The pairs of action and resource, both of which may be patterns."""
    return _granted(github)


def _granted(github: Deployment) -> set[tuple[str, str]]:
    return {
        (action.lower(), resource)
        for policy in github.of_type("AWS::IAM::ManagedPolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        for action in statement["Action"]
        for resource in _as_list(statement["Resource"])
    }


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _needed(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Yield the type and each permission that CloudFormation needs to make, read, change and delete the resources."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # it imports a library of mathematics

    for kind in {resource["Type"] for resource in deployment.resources.values()}:
        handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema["handlers"]
        for step in ("create", "read", "update", "delete"):
            for permission in handlers.get(step, {}).get("permissions", []):
                yield kind, permission.lower()


def _is_left_out(permission: str) -> bool:
    return any(fnmatchcase(permission, pattern) for pattern in NOT_NEEDED)


def _is_allowed(permission: str, granted: set[tuple[str, str]]) -> bool:
    return any(fnmatchcase(permission, action) for action, _ in granted)


@pytest.fixture(scope="module")
def needed(
    on_msk: Deployment,
    on_msk_with_scram: Deployment,
    on_self_managed_with_scram: Deployment,
    under_a_key: Deployment,
    with_text_messages: Deployment,
) -> set[tuple[str, str]]:
    with_more = deploy(**PLAIN, AlarmEmail="on-call@shop.example", NotifyConcurrency="5", NotifyReadsFrom="1795000000")
    deployments = (
        *(on_msk, on_msk_with_scram, on_self_managed_with_scram, under_a_key, with_text_messages, with_more),
        release(edited_template("SnapStart"), "1"),
    )
    return {pair for deployment in deployments for pair in _needed(deployment)}


def test_role_may_do_what_cloudformation_needs_for_each_resource(
    needed: set[tuple[str, str]], granted: set[tuple[str, str]]
) -> None:
    missing = {pair for pair in needed if not _is_left_out(pair[1]) and not _is_allowed(pair[1], granted)}
    assert missing == set()


@pytest.fixture
def github_for_gradual_deployment(tmp_path: Path) -> Deployment:
    """The role with the statements that the guide adds for CodeDeploy."""
    source = copy.deepcopy(dict(source_of(GITHUB_TEMPLATE)))
    policy = source["Resources"]["MakeFunctions"]["Properties"]["PolicyDocument"]
    policy["Statement"] += added_statements("Gradual deployment")
    path = tmp_path / "github.json"
    path.write_text(json.dumps(source))
    return deploy_plain(path, Repository="you/your-repository")


def test_role_with_the_guides_statements_may_deploy_gradually(github_for_gradual_deployment: Deployment) -> None:
    granted = _granted(github_for_gradual_deployment)
    needed = {permission for _, permission in _needed(release(edited_template("Gradual deployment"), "1"))}
    of_codedeploy = {permission for permission in needed if permission.startswith("codedeploy:")}
    others = {permission for permission in needed - of_codedeploy if not _is_left_out(permission)}
    on_servers = {"codedeploy:registeronpremisesinstance"}
    assert {each for each in of_codedeploy | others if not _is_allowed(each, granted)} == on_servers
    assert {action for action, _ in granted if action.startswith("codedeploy:")} == of_codedeploy - on_servers
    passed = [
        each["Condition"]["StringEquals"]["iam:PassedToService"]
        for policy in github_for_gradual_deployment.of_type("AWS::IAM::ManagedPolicy").values()
        for each in policy["PolicyDocument"]["Statement"]
        if each["Action"] == ["iam:PassRole"]
    ]
    assert sorted(passed) == ["codedeploy.amazonaws.com", "lambda.amazonaws.com"]
    test_policies_fit_into_iams_limit(github_for_gradual_deployment)


def test_statements_of_the_guide_are_for_the_stacks_own_deployments(github_for_gradual_deployment: Deployment) -> None:
    resources = {
        resource for action, resource in _granted(github_for_gradual_deployment) if action.startswith("codedeploy:")
    }
    assert {resource.split(":", 5)[5] for resource in resources} == {
        f"application:{STACK}-*",
        f"deploymentgroup:{STACK}-*",
        "deploymentconfig:CodeDeployDefault.Lambda*",
    }


def test_every_permission_that_is_left_out_is_one_of_a_resource(needed: set[tuple[str, str]]) -> None:
    permissions = {permission for _, permission in needed}
    assert [pattern for pattern in NOT_NEEDED if not any(fnmatchcase(each, pattern) for each in permissions)] == []


def test_role_has_no_action_that_neither_a_resource_nor_sam_needs(
    needed: set[tuple[str, str]], granted: set[tuple[str, str]]
) -> None:
    permissions = {permission for _, permission in needed}
    unused = {action for action, _ in granted if not any(fnmatchcase(each, action) for each in permissions)}
    of_sam = {action for action in unused if action.startswith("cloudformation:")}
    assert unused - of_sam == {
        # SAM's bucket, which SAM makes itself.
        "s3:getbucketlocation",
        "s3:putobject",
        # SAM tags the policies, and the schema does not say so.
        "iam:tagpolicy",
        "iam:untagpolicy",
        # API Gateway's access log, which AWS's guide of HTTP APIs lists.
        "logs:getlogdelivery",
        "logs:deletelogdelivery",
        "logs:listlogdeliveries",
        "logs:updatelogdelivery",
    }


@pytest.mark.parametrize("action", DATA)
def test_role_reads_and_sends_no_data(granted: set[tuple[str, str]], action: str) -> None:
    assert not [pattern for pattern, _ in granted if fnmatchcase(action.lower(), pattern)]


def test_role_reads_objects_of_sams_bucket_alone(granted: set[tuple[str, str]]) -> None:
    # In a resource, * stands for / too: the pattern of the stack's bucket is also that of its objects.
    for call in ("s3:getobject", "s3:getobjectversion", "s3:putobject"):
        of_objects = {resource for action, resource in granted if fnmatchcase(call, action)}
        assert of_objects <= {"arn:aws:s3:::aws-sam-cli-managed-default-*"}


def test_names_in_the_permissions_begin_with_the_stacks(granted: set[tuple[str, str]]) -> None:
    without_a_name = {action.partition(":")[0] for action, resource in granted if resource == "*"}
    assert without_a_name == {"cloudformation", "ec2", "kms", "lambda", "logs", "ses"}
    for action, resource in granted:
        named = (STACK, "aws-sam-cli-managed-default", "transform/Serverless", ":apigateway:")
        assert resource == "*" or any(name in resource for name in named), (action, resource)


def test_role_gives_its_roles_to_lambda_alone(github: Deployment) -> None:
    statements = github.properties("DriveCloudFormation")["PolicyDocument"]["Statement"]
    [passing] = [each for each in statements if each["Action"] == ["iam:PassRole"]]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}


def test_role_trusts_one_repository_and_one_environment(github: Deployment) -> None:
    [statement] = github.properties("DeploymentRole")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:you/your-repository:environment:dev",
        }
    }


def test_an_account_that_has_the_provider_gets_no_second_one() -> None:
    second = deploy_plain(GITHUB_TEMPLATE, Repository="you/your-repository", RegisterProvider="false")
    assert "GitHub" not in second.resources


def test_deleting_the_stack_keeps_the_provider_that_other_roles_trust() -> None:
    provider = source_of(GITHUB_TEMPLATE)["Resources"]["GitHub"]
    assert (provider["DeletionPolicy"], provider["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_guide_says_that_the_role_of_one_stack_may_cover_another() -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    dev, prod = (config[name]["deploy"]["parameters"]["stack_name"] for name in ("dev", "prod"))
    assert fnmatchcase(f"{dev}-OrderFunction", f"{prod}-*")
    guide = " ".join((ROOT / "docs/deployment.md").read_text().split())
    assert f"`Stack={prod}` gives `{prod}-*`, which includes every `{dev}-*`" in guide


def test_policies_fit_into_iams_limit(github: Deployment) -> None:
    for policy in github.of_type("AWS::IAM::ManagedPolicy").values():
        assert len("".join(str(policy["PolicyDocument"]).split())) < 6144


def test_environments_and_stacks_are_those_of_the_workflow_and_of_samconfig() -> None:
    workflow: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text())
    choices = workflow[True]["workflow_dispatch"]["inputs"]["environment"]["options"]  # YAML reads `on` as true
    assert parameters_of(GITHUB_TEMPLATE)["Environment"]["AllowedValues"] == choices
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    assert parameters_of(GITHUB_TEMPLATE)["Stack"]["Default"] == config["dev"]["deploy"]["parameters"]["stack_name"]
