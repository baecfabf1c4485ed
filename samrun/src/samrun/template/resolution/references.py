"""What Ref and Fn::GetAtt answer for the resources of a template that run on one machine."""

from collections.abc import Callable, Mapping
from typing import Any

from local.model import ACCOUNT

_NAME_PROPERTIES = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::EventBus": "Name",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SES::ConfigurationSet": "Name",
    "AWS::SES::EmailIdentity": "EmailIdentity",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
}

_ARNS = {
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "AWS::Events::EventBus": "arn:aws:events:{region}:{account}:event-bus/{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
}


class References:
    """Answers Ref (`attribute` None) and GetAtt. Raises KeyError for what the template does not declare.

    A resource without a name of its own is called by its logical id, as `sam local` does it. `resolve` is
    needed for names that are intrinsic functions themselves; `aws` is the URL of the local AWS.
    """

    def __init__(
        self,
        resources: Mapping[str, Any],
        *,
        region: str,
        aws: str,
        resolve: Callable[[Any], Any],
    ) -> None:
        self._resources = resources
        self._region = region
        self._aws = aws
        self._resolve = resolve

    def __call__(self, logical_id: str, attribute: str | None) -> Any:
        kind = self._resources[logical_id]["Type"]
        if kind in {"AWS::Lambda::Alias", "AWS::Lambda::Version"}:
            return self._qualified_arn(logical_id)
        name = self.name(logical_id)
        if attribute is None:
            return {"AWS::SQS::Queue": self._queue_url(name), "AWS::SNS::Topic": self._arn(kind, name)}.get(kind, name)
        if attribute in {"Arn", "TopicArn"}:
            return self._arn(kind, name)
        if attribute in {"QueueName", "TopicName", "Name"}:
            return name
        if attribute == "QueueUrl":
            return self._queue_url(name)
        # Of no use on one machine (a stream's ARN, a domain name); a deployment that reads it must still start.
        return f"{logical_id}.{attribute}"

    def name(self, logical_id: str) -> str:
        """Return the physical name of a resource."""
        resource = self._resources[logical_id]
        kind, properties = resource["Type"], resource.get("Properties", {})
        given = properties.get(_NAME_PROPERTIES.get(kind, ""))
        if given is not None:
            return str(self._resolve(given))
        if kind == "AWS::S3::Bucket":
            return logical_id.lower()
        is_fifo = str(self._resolve(properties.get("FifoQueue") or properties.get("FifoTopic"))).lower() == "true"
        return f"{logical_id}.fifo" if is_fifo else logical_id

    def _qualified_arn(self, logical_id: str) -> str:
        properties = self._resources[logical_id]["Properties"]
        function = str(self._resolve(properties["FunctionName"])).rsplit(":", 1)[-1]
        qualifier = self._resolve(properties["Name"]) if "Name" in properties else "1"
        return f"{self._arn('AWS::Lambda::Function', function)}:{qualifier}"

    def _arn(self, kind: str, name: str) -> str:
        return _ARNS.get(kind, "arn:aws:local:{region}:{account}:{name}").format(
            region=self._region, account=ACCOUNT, name=name
        )

    def _queue_url(self, name: str) -> str:
        return f"{self._aws}/{ACCOUNT}/{name}"
