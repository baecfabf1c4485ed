"""View Inbox of the console: the mails and text messages that the functions sent, as web pages and as APIs.

`pages` has the routes of the pages. `message_list` lists mails and text messages together. `inbox` lists and searches
the mails of `services.mail_store`, and `read_ahead` reads them before a search: `search_query` reads a query, and
`summary` has what a list shows of a mail.
`message` decodes one with `html_text`, and `rendering` shows one safely in a browser. `sms_segments` counts those of a
text message.

`mailpit` is Mailpit's REST API, with the JSON of `schemas`; `composed_mail` makes the mails that a test puts in, and
`inbox_events` says what changes. `text_message_api` has the text messages as JSON.

`feedback` sends the events of `mail_events` about a mail, as SES would. `preview_pages` shows the `previews` that the
application has rendered.

Errors: `mailpit` and `text_message_api` turn each into an answer in plain text; a page says it in words.

    BadRequestError              400: a request that cannot be carried out
    SearchQueryError             400: a search with an unknown operator, or with a value that nobody can read
    ComposedMailError            400: JSON that describes no mail
    MailNotFoundError            404: no mail, or no part of it, has that id (`services.mail_store` raises it, too)
    TextMessageNotFoundError     404: `services.text_message_store` raises it
    PreviewNotFoundError         404: no preview has that name
"""
