"""A service that the local AWS does not have."""

import pytest
from botocore.exceptions import ClientError

from support.local_aws import LocalAws


def test_request_for_a_service_that_moto_does_not_have_says_so_at_once(local_aws: LocalAws) -> None:
    with pytest.raises(ClientError, match=r"samrun's local AWS \(moto\) does not have translate") as refused:
        local_aws.client("translate").translate_text(Text="hello", SourceLanguageCode="en", TargetLanguageCode="es")
    metadata = refused.value.response["ResponseMetadata"]
    assert (metadata["HTTPStatusCode"], metadata["RetryAttempts"]) == (501, 0)
