"""Console: the inbox of the mails that the functions sent, as a web page and as Mailpit's REST API.

`app` puts the pages together. `mailpit` answers the API's requests, with the JSON of `schemas`. `inbox` lists and
searches the mails of `services.mail_store`, `message` decodes one with `html_text`, and `rendering` shows one safely in
a browser. `issuer_pages` serves the metadata and the key of the local token issuer.

Errors: `mailpit` turns each into an answer in plain text.

    BadRequestError      400: a request that cannot be carried out
    MailNotFoundError    404: no mail, or no part of it, has that id (`services.mail_store` raises it, too)
"""

from samrun.console.app import console

__all__ = ["console"]
