"""The JSON Schema that a job puts on the answer to its question.

Validated by jsonschema-rs: nothing is fetched (a `$ref` to an address would be a request in the
hub's name, CWE-918) and patterns run in linear time (CWE-1333).
"""

from typing import Any

import jsonschema_rs

from hub.errors import FieldError, InvalidFields
from hub.model.contract import shown


def check_schema(schema: dict[str, Any] | None) -> None:
    """Refuse what is no JSON Schema, or one that names another document.

    Raises:
        InvalidFields: Says what is wrong with it.
    """
    if schema is not None:
        try:
            _compile(schema)
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            expected = "a JSON Schema without references to other documents"
            got = str(error).partition("\n")[0][:80]
            raise InvalidFields([FieldError("$.input_request.schema", expected, got)]) from error


def check_answer(schema: dict[str, Any] | None, answer: Any) -> None:
    """Refuse an answer that does not meet the schema.

    Raises:
        InvalidFields: Names every place that does not fit.
    """
    if schema is None:
        return
    faults = [
        FieldError(
            "".join(
                ["$.input", *(f"[{p}]" if isinstance(p, int) else f".{p}" for p in e.instance_path)]
            ),
            f"what the job's schema allows ({e.message[:200]})",
            shown(e.instance),
        )
        for e in _compile(schema).iter_errors(answer)
    ]
    if faults:
        raise InvalidFields(faults[:20])


def _compile(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(
        schema, offline=True, pattern_options=jsonschema_rs.RegexOptions()
    )
