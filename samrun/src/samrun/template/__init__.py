"""Template reader: turns a SAM template into plain data, resolved as CloudFormation would resolve it.

`loader` goes through the packages in the order of a load: `values` reads the parameters, `reading` the template's
files, and `resolution` makes plain data of them. Then `functions`, `apis` and `triggers` read their parts into the
`model`, and `support` says what does not run. `arns` finds names in ARNs.

Errors: each is a samrun.errors.UserError. `errors` has TemplateError.

    TemplateError               the template cannot run
      ├─ UnresolvableError      an intrinsic function cannot be resolved
      ├─ LoopError              a loop (Fn::ForEach) is wrong
      ├─ ResourceTypeError      a resource has no type
      ├─ EventRuleError         a rule that waits for events cannot run
      ├─ ScheduleError          a schedule cannot run
      ├─ TargetInputError       the input of a target of a rule or a schedule is not JSON
      └─ ExpressionError        a text is not a schedule expression
    ParametersError             parameter values cannot be read
    EnvironmentVariablesError   a file with environment variables cannot be read

The loader adds the path of the template to the errors of parts of it.
"""
