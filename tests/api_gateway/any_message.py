"""Any message that a client could send, by its descriptor: mostly nonsense, now and then something that is there."""

from collections.abc import Sequence
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as some

_INTERESTING = [
    "",
    "\0",
    "*",
    "null",
    "{}",
    "[]",
    '{"a": 1}',
    '{"a": "\\u0000"}',
    '{"output": {"a": [1.5, null, "é"]}}',
    "state = ERROR",
    "created_at > 2026-01-01 AND id != x",
    "version = 99999999999999999999999",
    "index < -3",
    "created_at < 0001-01-01T00:00:00+23:59",
    "tags IN (a, \"b c\", '')",
    'input = "{" AND params = "[1]"',
    "name desc, id",
    "MTp4",
    "00000000-0000-0000-0000-000000000000",
    "version: '2.0'\nx: {tasks: {t: {action: std.noop}}}",
    "version: '2.0'\nname: b\nworkflows: {w: {tasks: {t: {action: std.noop}}}}",
    "version: '2.0'\nmine: {base: std.echo, base-input: {output: 1}}",
    "std.echo",
    "x" * 300,
    "名前\u202e\n",
]
_INTEGERS = [0, 1, -1, 5, 1000, 1001, 2**31 - 1, -(2**31)]
_LONG_INTEGERS = [*_INTEGERS, 2**63 - 1, -(2**63)]
_WHOLE = {
    FieldDescriptor.CPPTYPE_INT32: some.sampled_from(_INTEGERS),
    FieldDescriptor.CPPTYPE_INT64: some.sampled_from(_LONG_INTEGERS),
    FieldDescriptor.CPPTYPE_UINT32: some.integers(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: some.integers(0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_BOOL: some.booleans(),
    FieldDescriptor.CPPTYPE_ENUM: some.sampled_from([0, 1, 2, 6, 99, -1, 2**31 - 1]),
    FieldDescriptor.CPPTYPE_DOUBLE: some.floats(),
    FieldDescriptor.CPPTYPE_FLOAT: some.floats(width=32),
}


def messages(kind: Any, known: Sequence[str], *, depth: int = 3) -> some.SearchStrategy[Message]:
    """Any message of a descriptor; ``known`` are names and ids of what is there."""
    made = message_factory.GetMessageClass(kind)
    fields = {field.name: _values(field, known, depth) for field in kind.fields}
    return some.fixed_dictionaries({}, optional=fields).map(lambda given: _filled(made(), given))


def _values(field: FieldDescriptor, known: Sequence[str], depth: int) -> some.SearchStrategy[Any]:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return some.dictionaries(_texts(known), _texts(known), max_size=2)
    one = _value(field, known, depth)
    return some.lists(one, max_size=3) if field.is_repeated else one


def _value(field: FieldDescriptor, known: Sequence[str], depth: int) -> some.SearchStrategy[Any]:
    if field.message_type is not None:
        if field.message_type.full_name == "google.protobuf.FieldMask":
            paths = some.lists(some.sampled_from(["id", "name", "*", "state", "", "a.b", "scope", "env"]), max_size=3)
            return paths.map(lambda given: {"paths": given})
        return messages(field.message_type, known, depth=depth - 1) if depth else some.just(None)
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return some.binary(max_size=20) if field.type == FieldDescriptor.TYPE_BYTES else _texts(known)
    return _WHOLE[field.cpp_type]


def _texts(known: Sequence[str]) -> some.SearchStrategy[str]:
    free = some.text(some.characters(exclude_categories=["Cs"]), max_size=30)
    return some.one_of(some.sampled_from([*known]), some.sampled_from(_INTERESTING), free)


def _filled(message: Message, given: dict[str, Any]) -> Message:
    for name, value in given.items():
        field: Any = getattr(message, name)
        if isinstance(value, Message):
            field.CopyFrom(value)
        elif isinstance(value, dict):
            _fill_compound(field, value)
        elif isinstance(value, list):
            field.extend(each for each in value if each is not None)
        elif value is not None:
            setattr(message, name, value)
    return message


def _fill_compound(field: Any, value: dict[str, Any]) -> None:
    if isinstance(field, Message):
        for name, inner in value.items():
            getattr(field, name).extend(inner)
    else:
        field.update(value)
