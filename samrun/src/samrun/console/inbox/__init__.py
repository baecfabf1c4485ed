"""View Inbox of the console: the mails that the functions sent, as web pages and as Mailpit's REST API.

`pages` has the routes of the pages. `mailpit` answers the API's requests, with the JSON of `schemas`. `inbox` lists and
searches the mails of `services.mail_store`, `message` decodes one with `html_text`, and `rendering` shows one safely in
a browser.

Errors: `mailpit` turns each into an answer in plain text.

    BadRequestError      400: a request that cannot be carried out
    MailNotFoundError    404: no mail, or no part of it, has that id (`services.mail_store` raises it, too)
"""
