"""Filter of a mapping: the records that match one of its patterns reach the function."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from samrun.filtering.filter_pattern import FilterPattern, parsed
from samrun.mapping.records import KafkaRecord


@dataclass(frozen=True)
class RecordFilter:
    """The filter patterns of a mapping, joined by OR. Without a pattern, every record passes.

    A pattern of a JSON object matches no other value, and a pattern of a string matches no JSON object or array. AWS's
    page can be read otherwise; the results that the sample lambda-esm-msk-filters-sam of serverless-patterns shows were
    measured on AWS.
    """

    patterns: Sequence[FilterPattern] = ()

    def passes(self, record: KafkaRecord) -> bool:
        """Tell whether the record reaches the function."""
        if not self.patterns:
            return True
        fields = _fields(record)
        return any(pattern.matches(fields) for pattern in self.patterns)


def _fields(record: KafkaRecord) -> dict[str, Any]:
    """Return the fields that a pattern can test. A key or a value that is null is missing."""
    metadata = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "timestampType": record.timestamp_type_name,
    }
    contents = {"key": record.key, "value": record.value}
    # AWS's pollers run on Java, which decodes invalid UTF-8 with replacement characters; so does this.
    texts = {name: content.decode(errors="replace") for name, content in contents.items() if content is not None}
    return metadata | {name: parsed(text) for name, text in texts.items()}
