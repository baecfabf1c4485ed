"""Local issuer of tokens (OpenID Connect), for the JWT authorizers of a template.

`issuer` signs the tokens, among them the `try_it_token` that an API's Metadata describes; `token_defaults` are their
subject, audience and scope unless somebody names others. The console serves the issuer's metadata and its key
(samrun.console.issuer_pages), and the gateway checks the tokens. The one error is KeyFileError, a
samrun.errors.UserError.
"""
