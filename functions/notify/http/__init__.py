"""HTTP of the history API: authorization, problem details, models of the answers, OpenAPI."""
