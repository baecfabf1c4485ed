"""Pythons of functions: the interpreter and the packages with which each function runs, as on Lambda.

- `function_python` is what a function gets: an interpreter, and folders with packages. `own_pythons` gives each
  function one of its own; `current_python` gives every function samrun's.
- `interpreters` finds the Python that a template's Runtime names, and `interpreter` asks one what it is.
- `requirements` reads a requirements.txt with the files that it includes. `virtual_environments` installs them once, by
  the `installer`, uv or pip, into a cache.
- `sam_build` finds the artifact of `sam build` that is newer than a function's sources.
- `runtime_packages` are the packages that Lambda's own runtime has. The folder client_in_python stands for the
  compiled part of AWS's runtime client, which a Python other than samrun's lacks.
- `tool` runs the programs that all this takes.

Errors: an InstallationError, of `errors`, is a UserError. A function whose packages cannot be installed answers with
it; the others run.
"""
