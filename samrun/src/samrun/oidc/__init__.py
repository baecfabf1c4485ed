"""Local issuer of tokens (OpenID Connect), for the JWT authorizers of a template.

`issuer` signs the tokens, among them the `try_it_token` that an API's Metadata describes. The console serves its
metadata and its key (samrun.console.issuer_pages), and the gateway checks the tokens. Its one error is KeyFileError, a
samrun.errors.UserError.
"""
