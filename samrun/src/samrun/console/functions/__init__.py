"""View Functions of the console: what each function is, what it did, and switches that disturb it.

`pages` has the routes. `trigger_lines` lists what invokes a function, and `invocation_view` says what a page shows of
an invocation. `lambda_access` invokes functions and changes mappings.

Errors: `LambdaAccessError` (a UserError) is shown on the page that asked.
"""
