"""`sam validate --lint`: SAM accepts the template."""

from tests.sam.sam_cli import SamCli


def test_sam_validates_the_template(sam: SamCli) -> None:
    SamCli(sam.project, AWS_DEFAULT_REGION="eu-central-1").run("validate", "--lint")
