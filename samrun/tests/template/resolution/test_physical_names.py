"""Names of resources that the template leaves unnamed."""

import pytest

from samrun.template.resolution.physical_names import unnamed


@pytest.mark.parametrize(
    ("logical_id", "kind", "name"),
    [
        ("Orders", "AWS::DynamoDB::Table", "Orders"),
        ("T", "AWS::DynamoDB::Table", "T-table"),
        ("B", "AWS::S3::Bucket", "b-bucket"),
        ("Uploads", "AWS::S3::Bucket", "uploads"),
        ("Q", "AWS::SQS::Queue", "Q"),
    ],
)
def test_name_is_the_logical_id_made_valid(logical_id: str, kind: str, name: str) -> None:
    assert unnamed(logical_id, kind) == name


def test_long_names_are_cut_and_stay_different() -> None:
    names = [unnamed("Q" * 100 + end, "AWS::SQS::Queue", suffix=".fifo") for end in "ab"]
    assert [len(name) for name in names] == [80, 80]
    assert all(name.endswith(".fifo") for name in names)
    assert names[0] != names[1]
