"""Lambda's own API on one machine: functions, and event source mappings that change while they run.

https://docs.aws.amazon.com/lambda/latest/api/ documents it. The modules, from a request to the answer:

- `lambda_app` is the web application. It has the routes of `functions.invoke_api`, `function_routes`, `mapping_routes`
  and `tag_routes`, and answers errors in the shapes of AWS. `json_body` reads the JSON of a request.
- `operations` lists what it serves.
- `paging` is a page of a list, with the marker of the next one.
- `function_configuration` describes a function.
- `mapping_requests` makes a Kafka mapping of a request, or says what AWS refuses of it, by the loader's own rules.
- `mapping_registry` has every mapping of the stack: it starts, changes, stops and deletes them. The mappings of a
  template are in it, too.
- `mapping_configuration` describes a mapping.
- `api_shapes` puts a description into the shape that botocore's model of Lambda has for it.

Errors: `LambdaRequestError`, an answer to the caller.
"""
