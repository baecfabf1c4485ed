"""Values that a user gives a template: `parameters`, from the command line and from the file of `samconfig`.

`parameter_limits` has the values that CloudFormation refuses. `environment_variables` reads the option --env-vars.
"""
