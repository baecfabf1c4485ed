"""Commands, a module for each: its options, and the function that runs it.

In the order of `samrun --help`: `up`, `services`, `fetch`, `doctor`; `produce`, `tail`, `topics`; `mappings`, `invoke`,
`logs`, `token`, `generate_event`; `new`; `completion`. `cli.command_table` lists them for the command line.
"""
