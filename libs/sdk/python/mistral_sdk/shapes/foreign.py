"""Types of libraries that bring schema and reader of their own, used if they are there: msgspec and pydantic."""

import inspect
import json
from typing import Any

from mistral_sdk.failures import Misfit
from mistral_sdk.shapes.shape import Shape


def foreign(kind: Any, definitions: dict[str, Any]) -> Shape | None:
    """Return the shape of a msgspec Struct or a pydantic model; None for anything else. Adds to the definitions."""
    if not inspect.isclass(kind):
        return None
    if hasattr(kind, "__struct_config__"):
        return _struct(kind, definitions)
    if hasattr(kind, "model_json_schema") and hasattr(kind, "model_validate"):
        return _model(kind, definitions)
    return None


def _struct(kind: Any, definitions: dict[str, Any]) -> Shape:
    import msgspec

    (schema,), components = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    definitions.update(components)

    def read(value: Any) -> Any:
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            raise Misfit(str(error)) from None

    return Shape(schema, read)


def _model(kind: Any, definitions: dict[str, Any]) -> Shape:
    schema = kind.model_json_schema(ref_template="#/$defs/{model}")
    definitions.update(schema.pop("$defs", {}))

    def read(value: Any) -> Any:
        try:
            # As JSON, or strict models would refuse what JSON cannot say, such as dates.
            return kind.model_validate_json(json.dumps(value))
        except ValueError as error:
            raise Misfit(_said(error)) from None

    return Shape(schema, read)


def _said(error: ValueError) -> str:
    """Say what pydantic complains of, without the values, which its own text would repeat."""
    problems = error.errors(include_input=False, include_url=False) if hasattr(error, "errors") else []
    if not problems:
        return "does not fit"
    return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}".lstrip(": ") for each in problems)
