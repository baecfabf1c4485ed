"""Console: web pages on which a developer watches, tries and mends what a stack does, and its APIs.

`app` puts the views together: `flow`, `kafka`, `functions`, `dead_letters` and `inbox`, a package each. The module
pages of a view has its VIEW and its `routes`, and the folder templates its HTML. `shell` has what every page has.
`issuer_pages` serves the metadata and the key of the local token issuer. The console's port also has Mailpit's API (of
`inbox`) and the API of the control (`control.control_api`).
"""

from samrun.console.app import console

__all__ = ["console"]
