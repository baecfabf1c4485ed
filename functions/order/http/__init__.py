"""HTTP: request bodies, fields, authorization, problem details, OpenAPI."""
