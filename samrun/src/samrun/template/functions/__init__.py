"""Functions of a template: `lambda_functions` reads them.

`function_code` finds the code of each, `function_limits` the values that AWS refuses, `layers` its layers,
`qualifiers` its versions and aliases, and `asynchronous_invocation` what happens to its asynchronous invocations.
`preview_folders` finds the rendered messages of those that send some.
`functions_not_run` takes the triggers of those that do not run here out of an application.
"""
