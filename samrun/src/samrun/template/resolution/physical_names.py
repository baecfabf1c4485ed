"""Physical names of the resources that a template leaves unnamed: their logical ids, made valid for their service."""

import hashlib

# The shortest and the longest name of a type. Logical ids have letters and digits only, which each type allows.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
_LENGTHS = {
    "AWS::DynamoDB::Table": (3, 255),
    "AWS::Kinesis::Stream": (1, 128),
    "AWS::S3::Bucket": (3, 63),
    "AWS::SES::ConfigurationSet": (1, 64),
    "AWS::SQS::Queue": (1, 80),
}
_ANY = (1, 255)


def unnamed(logical_id: str, kind: str, *, suffix: str = "") -> str:
    """Return the name of an unnamed resource, the same after each start. `suffix` is `.fifo` or empty.

    A name that is too short gets its type (`T` becomes `T-table`). One that is too long ends with a hash of itself.
    """
    shortest, longest = _LENGTHS.get(kind, _ANY)
    name = logical_id
    if len(name) < shortest:
        name = f"{name}-{kind.rpartition(':')[2].lower()}"
    if len(name) > longest - len(suffix):
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        name = f"{name[: longest - len(suffix) - len(digest) - 1]}-{digest}"
    return f"{name.lower() if kind == 'AWS::S3::Bucket' else name}{suffix}"
