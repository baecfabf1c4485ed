"""Decoder of a schema: makes JSON of the content of a record, as Lambda does, and so validates it."""

from samrun.schemas import avro, json_schema, protobuf
from samrun.schemas.schema import (
    Decode,
    DeserializationError,
    InvalidRecordError,
    Schema,
    SchemaUnavailableError,
)


def decoder_of(schema: Schema) -> Decode:
    """Return the function that decodes contents of a schema. Raises SchemaUnavailableError.

    Whatever goes wrong in the libraries with a content, the content is not valid: no record may end the mapping.
    """
    decode = _decoder(schema)

    def decode_any(content: bytes) -> bytes:
        try:
            return decode(content)
        except (InvalidRecordError, SchemaUnavailableError):
            raise
        except Exception as error:
            raise DeserializationError(f"it cannot be decoded ({type(error).__name__})") from error

    return decode_any


def _decoder(schema: Schema) -> Decode:
    try:
        match schema.data_format:
            case "AVRO":
                return avro.decoder(schema)
            case "JSON":
                return json_schema.decoder(schema)
            case "PROTOBUF":
                return protobuf.decoder(schema)
    except ModuleNotFoundError as error:
        raise SchemaUnavailableError(
            f"a schema of {schema.data_format} needs the library {error.name}: pip install 'samrun[schemas]'"
        ) from error
    raise SchemaUnavailableError(f"samrun does not know the format {schema.data_format} of a schema")
