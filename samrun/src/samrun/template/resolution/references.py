"""References: the values of Ref and Fn::GetAtt for a template's resources on one machine."""

from collections.abc import Callable, Mapping
from typing import Any

from samrun.template.arns import function_arn, url_path, url_target
from samrun.template.model.account import ACCOUNT
from samrun.template.resolution.booleans import is_true
from samrun.template.resolution.physical_names import unnamed
from samrun.template.resolution.scalars import as_text
from samrun.template.resolution.unknown_values import UnknownValue, attribute_reference, is_unresolved
from samrun.template.support.resource_types import FUNCTION_URL

_NAME_PROPERTIES = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::ApiDestination": "Name",
    "AWS::Events::Connection": "Name",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::Kinesis::Stream": "Name",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Lambda::LayerVersion": "LayerName",
    "AWS::MSK::Cluster": "ClusterName",
    "AWS::MSK::ServerlessCluster": "ClusterName",
    "AWS::Pipes::Pipe": "Name",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::SES::ConfigurationSet": "Name",
    "AWS::SES::EmailIdentity": "EmailIdentity",
    "AWS::SES::ReceiptRuleSet": "RuleSetName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SSM::Parameter": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}

CLUSTER_ARN = "arn:aws:kafka:{region}:{account}:cluster/{name}/00000000-0000-4000-8000-000000000000-1"
_ARNS = {
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "AWS::Events::ApiDestination": "arn:aws:events:{region}:{account}:api-destination/{name}",
    "AWS::Events::Connection": "arn:aws:events:{region}:{account}:connection/{name}",
    "AWS::Events::EventBus": "arn:aws:events:{region}:{account}:event-bus/{name}",
    "AWS::Events::Rule": "arn:aws:events:{region}:{account}:rule/{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
    "AWS::Kinesis::Stream": "arn:aws:kinesis:{region}:{account}:stream/{name}",
    # The local KMS makes up the ids of its keys. Each key gets an alias, which every call accepts in the id's place.
    "AWS::KMS::Key": "arn:aws:kms:{region}:{account}:{name}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::Lambda::LayerVersion": "arn:aws:lambda:{region}:{account}:layer:{name}:1",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}:*",
    "AWS::MSK::Cluster": CLUSTER_ARN,
    "AWS::MSK::ServerlessCluster": CLUSTER_ARN,
    "AWS::Pipes::Pipe": "arn:aws:pipes:{region}:{account}:pipe/{name}",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    # AWS adds a random suffix. Secrets Manager accepts an ARN without it, too.
    "AWS::SecretsManager::Secret": "arn:aws:secretsmanager:{region}:{account}:secret:{name}",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
    "AWS::StepFunctions::StateMachine": "arn:aws:states:{region}:{account}:stateMachine:{name}",
}

_REF_IS_ARN = {
    "AWS::Lambda::LayerVersion",
    "AWS::MSK::Cluster",
    "AWS::MSK::ServerlessCluster",
    "AWS::SecretsManager::Secret",
    "AWS::SNS::Topic",
    "AWS::StepFunctions::StateMachine",
}
_ARN_ATTRIBUTES = {"Arn", "TopicArn"}
_NAME_ATTRIBUTES = {"KeyId", "Name", "QueueName", "TopicName"}
# Attributes that only one type has. The label of a stream is the time when it was made; here it is always the same.
_ATTRIBUTES = {
    ("AWS::DynamoDB::Table", "StreamArn"): "{arn}/stream/2026-01-01T00:00:00.000",
    ("AWS::S3::Bucket", "DomainName"): "{name}.s3.amazonaws.com",
    ("AWS::S3::Bucket", "DualStackDomainName"): "{name}.s3.dualstack.{region}.amazonaws.com",
    ("AWS::S3::Bucket", "RegionalDomainName"): "{name}.s3.{region}.amazonaws.com",
    ("AWS::S3::Bucket", "WebsiteURL"): "http://{name}.s3-website-{region}.amazonaws.com",
    ("AWS::SecretsManager::Secret", "Id"): "{arn}",
}


class References:
    """Values of Ref (`attribute` is None) and GetAtt. Raises KeyError if the template does not declare the resource.

    A resource without a name in the template is named by its logical id, as `sam local` does it. `resolve` resolves
    names that are intrinsic functions themselves. `aws` is the URL of the local AWS, and `api` that of the APIs. In a
    nested stack, such a name begins with `prefix`, so that it is no other stack's. `given` are the values that the
    developer gives, by their references.
    """

    def __init__(
        self,
        resources: Mapping[str, Any],
        *,
        region: str,
        aws: str,
        api: str,
        resolve: Callable[[Any], Any],
        prefix: str = "",
        given: Mapping[str, str] | None = None,
    ) -> None:
        self._given = given or {}
        self._resources = resources
        self._region = region
        self._aws = aws
        self.api = api
        self._resolve = resolve
        self._prefix = prefix

    def __call__(self, logical_id: str, attribute: str | None) -> Any:
        if attribute is not None and (reference := attribute_reference(logical_id, attribute)) in self._given:
            return self._given[reference]
        kind = self._resources[logical_id]["Type"]
        if kind in {"AWS::Lambda::Alias", "AWS::Lambda::Version"}:
            return self._qualified_arn(logical_id)
        if kind == FUNCTION_URL and attribute in {None, "FunctionArn", "FunctionUrl"}:
            return self._function_url(logical_id, attribute)
        name = self.name(logical_id)
        if attribute is None:
            return self._queue_url(name) if kind == "AWS::SQS::Queue" else self._ref(kind, name)
        if (kind, attribute) in _ATTRIBUTES and self._has(logical_id, attribute):
            text = _ATTRIBUTES[kind, attribute]
            return text.format(arn=self._arn(kind, name), name=name, region=self._region)
        return self._common_attribute(logical_id, kind, name, attribute)

    def _common_attribute(self, logical_id: str, kind: str, name: str, attribute: str) -> Any:
        if attribute in _ARN_ATTRIBUTES:
            return self._arn(kind, name)
        if attribute in _NAME_ATTRIBUTES:
            return name
        if attribute == "QueueUrl":
            return self._queue_url(name)
        if kind == "AWS::SSM::Parameter" and attribute in {"Type", "Value"}:
            return self._resolve(self._resources[logical_id]["Properties"][attribute])
        # One machine has no such value (the address of a database); the stack must still start.
        return UnknownValue(f"{logical_id}.{attribute}", [attribute_reference(logical_id, attribute)])

    def _has(self, logical_id: str, attribute: str) -> bool:
        return attribute != "StreamArn" or "StreamSpecification" in self._resources[logical_id].get("Properties", {})

    def _ref(self, kind: str, name: str) -> str:
        return self._arn(kind, name) if kind in _REF_IS_ARN else name

    def name(self, logical_id: str) -> str:
        """Return the physical name of a resource."""
        resource = self._resources[logical_id]
        kind, properties = resource["Type"], resource.get("Properties", {})
        given = properties.get(_NAME_PROPERTIES.get(kind, ""))
        name = None if given is None else self._resolve(given)
        if name is not None and not is_unresolved(name):  # no service accepts a name with braces
            return as_text(name)
        if kind == "AWS::KMS::Key":
            return f"alias/{self._prefix}{logical_id}"
        is_fifo = is_true(self._resolve(properties.get("FifoQueue") or properties.get("FifoTopic")))
        return unnamed(f"{self._prefix}{logical_id}", kind, suffix=".fifo" if is_fifo else "")

    def _qualified_arn(self, logical_id: str) -> str:
        properties = self._resources[logical_id]["Properties"]
        function = str(self._resolve(properties["FunctionName"])).rsplit(":", 1)[-1]
        qualifier = self._resolve(properties["Name"]) if "Name" in properties else "1"
        return f"{self._arn('AWS::Lambda::Function', function)}:{qualifier}"

    def _function_url(self, logical_id: str, attribute: str | None) -> str:
        function, qualifier = url_target(self._resolve(self._resources[logical_id]["Properties"]))
        if attribute == "FunctionUrl":
            return f"{self.api}{url_path(function, qualifier)}/"
        return function_arn(function, region=self._region, qualifier=qualifier)

    def _arn(self, kind: str, name: str) -> str:
        return _ARNS.get(kind, "arn:aws:local:{region}:{account}:{name}").format(
            region=self._region, account=ACCOUNT, name=name
        )

    def _queue_url(self, name: str) -> str:
        return f"{self._aws}/{ACCOUNT}/{name}"
