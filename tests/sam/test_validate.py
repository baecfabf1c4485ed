from tests.sam.sam_cli import SamCli


def test_sam_finds_the_template_valid(sam: SamCli) -> None:
    SamCli(sam.project, AWS_DEFAULT_REGION="eu-central-1").run("validate", "--lint")
