"""APIs of a template: `http_api` and `rest_api` read them from documents of OpenAPI, `function_urls` reads URLs.

`api_documents` knows what the documents of both kinds have in common; `raw_http_api` and `raw_rest_api` write one for
an API without a document. The parts: `lambda_authorizers` and `user_pools`, `cors`, `mock_integrations`,
`mapped_integrations`, `resource_policies`, `service_integrations`, `request_validation`, `api_keys` and `usage_plans`.
"""
