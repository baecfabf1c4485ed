"""Custom resources: asks the function of each to make it, at the start of a stack.

- `creation` sends a function the event of CloudFormation, and waits for its answer.
- `resource_responses` takes the answers, at the URL that an event has.
"""
