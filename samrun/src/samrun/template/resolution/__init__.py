"""Resolution of a template's values to plain data, as CloudFormation does it.

`resolved_template` is the template for one stack. It has the functions of `intrinsics`, the names and ARNs of
`references` (with `physical_names`), and the values of `dynamic_references` and `secret_values`. `booleans`
reads those that are text, and `scalars` makes the texts. `unknown_values` are those that only AWS
has, and `defaults` takes their place in properties that need one.
"""
