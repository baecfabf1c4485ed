"""Templates for the tests of the template reader."""

import textwrap
from pathlib import Path

from samrun.template.loader import load
from samrun.template.model.application import Application

FUNCTION = """
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      CodeUri: src
      Handler: main.handler
"""


def load_template(
    folder: Path,
    resources: str,
    parameters: dict[str, str] | None = None,
    rest: str = "",
    *,
    in_containers: bool = False,
    issuer: str = "",
    api: str = "",
) -> Application:
    """Write a template with these resources into the folder, and load it. `rest` has its other sections."""
    (folder / "src").mkdir(exist_ok=True)
    template = folder / "template.yaml"
    template.write_text(f"Transform: AWS::Serverless-2016-10-31\n{textwrap.dedent(rest)}\nResources:{resources}")
    return load(
        template,
        parameters=parameters or {},
        region="us-east-1",
        aws="http://127.0.0.1:4566",
        in_containers=in_containers,
        issuer=issuer,
        api=api,
    )
