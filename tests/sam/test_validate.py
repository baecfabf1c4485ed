from collections.abc import Callable


def test_sam_finds_the_template_valid(sam: Callable[..., None]) -> None:
    sam("validate", "--lint")
