"""How input is given: pairs, JSON, files and standard input."""

import io
from pathlib import Path

import pytest

from mistral_cli.errors import USAGE, CommandError
from mistral_cli.given import json_object, object_text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, {}),
        ([], {}),
        ('{"a": 1}', {"a": 1}),
        (["name=Ada", "count=3", "on=true", "none=null"], {"name": "Ada", "count": 3, "on": True, "none": None}),
        (['tags=["a", "b"]', 'deep={"x": {"y": 1}}'], {"tags": ["a", "b"], "deep": {"x": {"y": 1}}}),
        (['text="3"', "odd=[1", "empty="], {"text": "3", "odd": "[1", "empty": ""}),
        (["url=http://x/?a=b&c=d", "sum=1=2"], {"url": "http://x/?a=b&c=d", "sum": "1=2"}),
        (['{"a": 1, "b": 2}', "b=3"], {"a": 1, "b": 3}),
        (["größe=東京", "lines=a\nb"], {"größe": "東京", "lines": "a\nb"}),
    ],
)
def test_pairs_and_objects_are_merged(given: list[str] | None, expected: dict[str, object]) -> None:
    assert json_object(given, "--input") == expected


def test_files_are_json_or_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.json").write_text('{"a": 1}')
    (tmp_path / "b.yaml").write_text("b: [x, y]\n")
    monkeypatch.setattr("sys.stdin", io.StringIO('{"c": 3}'))

    merged = json_object([f"@{tmp_path / 'a.json'}", f"@{tmp_path / 'b.yaml'}", "@-"], "--input")

    assert merged == {"a": 1, "b": ["x", "y"], "c": 3}


@pytest.mark.parametrize("given", ["[1]", '"a"', "3", "name", "=x", "{no"])
def test_anything_else_is_a_mistake_that_names_the_option(given: str) -> None:
    with pytest.raises(CommandError, match="--input") as raised:
        json_object([given], "--input")

    assert raised.value.exit_code == USAGE


def test_nothing_said_is_no_object_and_an_empty_one_is() -> None:
    assert [object_text(given, "--env") for given in (None, [], "", " ", "{}", ["a=1"])] == [
        "",
        "",
        "",
        "",
        "{}",
        '{"a": 1}',
    ]
