"""The page samrun/docs/debugging.md: what readers copy from it works."""

import json
import re
from pathlib import Path

from samrun.debugged_functions import DEBUG_PORT
from samrun.supervision.ports import LOOPBACK

PAGE = Path(__file__).parents[1] / "docs" / "debugging.md"


def test_launch_configuration_of_the_page_connects_to_the_usual_port() -> None:
    [text] = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    [configuration] = json.loads(text)["configurations"]
    assert configuration["connect"] == {"host": LOOPBACK, "port": DEBUG_PORT}
    assert (configuration["type"], configuration["request"]) == ("debugpy", "attach")


def test_walk_through_has_ten_steps_and_the_usual_port() -> None:
    steps = re.findall(r"^(\d+)\. ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert steps == [str(number) for number in range(1, 11)]
    assert set(re.findall(rf"{LOOPBACK}:(56\d\d)", PAGE.read_text(encoding="utf-8"))) == {str(DEBUG_PORT)}
