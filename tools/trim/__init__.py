"""Trimmed artifacts: what `sam build` leaves, smaller and with byte code, so that a cold start is short.

- errors.py: what a build has that cannot be trimmed
- large_data.py: the data of botocore's and babel's that no function reads
- bytecode.py: byte code that Lambda's interpreter reads without a look at the sources
- compiled_templates.py: the function's own templates, compiled by its interpreter
- built_functions.py: the functions of a build, and what their metadata in template.yaml says to keep
"""
