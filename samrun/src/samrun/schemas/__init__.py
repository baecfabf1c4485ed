"""Schema registries: the schemas by which a mapping validates records before its function gets them.

- `schema` is a schema of a registry, and the errors of records that do not match.
- `registry` opens the registry that a mapping names: `confluent_registry` or `glue_registry`. Each one knows its wire
  format: how a record names its schema.
- `registry_access` reads the secrets with which a registry of Confluent's kind is asked.
- `decoder` makes JSON of a record's bytes, by `avro`, `json_schema` or `protobuf`.

Avro, Protobuf and Glue need libraries that the extra `samrun[schemas]` installs.

Errors: `SchemaUnavailableError` (the records wait), `SchemaNotFoundError` and `DeserializationError` (a record is
discarded; both are InvalidRecordErrors).
"""
