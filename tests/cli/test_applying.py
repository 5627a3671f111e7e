"""``mistralctl apply`` and ``diff`` on a real mesh: what is created, changed and left alone, and what is told of it."""

import json
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
import yaml

WORKFLOW = """version: '2.0'

{name}:
  tasks:
    greet:
      action: std.echo output="{text}"
"""
ACTION = """version: '2.0'
{name}:
  base: std.echo
  base-input: {{output: hi}}
"""
BOOK = """version: '2.0'
name: {name}
workflows:
  main: {{tasks: {{t: {{action: std.noop}}}}}}
"""


@pytest.fixture
def name() -> str:
    return f"trip{uuid4().hex[:8]}"


def written(folder: Path, file: str, text: str) -> str:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return file


def test_a_definition_is_created_then_left_alone_then_updated_with_its_difference(
    shared_ctl: Callable, tmp_path: Path, name: str
) -> None:
    file = written(tmp_path, "trip.yaml", WORKFLOW.format(name=name, text="Lima"))
    created = shared_ctl("apply", "-f", file)
    again = shared_ctl("apply", "-f", file)
    written(tmp_path, file, WORKFLOW.format(name=name, text="Oslo"))
    updated = shared_ctl("apply", "-f", file)

    assert [each.code for each in (created, again, updated)] == [0, 0, 0]
    assert created.out == f"created workflow {name} (trip.yaml)\n1 created, 0 updated, 0 unchanged\n"
    assert again.out == f"unchanged workflow {name} (trip.yaml)\n0 created, 0 updated, 1 unchanged\n"
    assert updated.out == (
        f"updated workflow {name} (trip.yaml)\n"
        f"--- workflow {name} (stored)\n"
        f"+++ workflow {name} (trip.yaml)\n"
        "@@ -3,4 +3,4 @@\n"
        f" {name}:\n"
        "   tasks:\n"
        "     greet:\n"
        '-      action: std.echo output="Lima"\n'
        '+      action: std.echo output="Oslo"\n'
        "0 created, 1 updated, 0 unchanged\n"
    )
    assert json.loads(shared_ctl("workflow", "get", name, "-o", "json").out)["version"] == 2


def test_a_dry_run_tells_changes_by_its_exit_code_and_writes_nothing(
    shared_ctl: Callable, tmp_path: Path, name: str
) -> None:
    file = written(tmp_path, "trip.yaml", WORKFLOW.format(name=name, text="Lima"))

    before = shared_ctl("apply", "-f", file, "--dry-run")
    missing = shared_ctl("workflow", "get", name)
    shared_ctl("apply", file)
    after = shared_ctl("diff", file)
    written(tmp_path, file, WORKFLOW.format(name=name, text="Oslo"))
    changed = shared_ctl("diff", "-f", file)

    assert (before.code, missing.code, after.code, changed.code) == (2, 1, 0, 2)
    assert f"would create workflow {name}" in before.out
    assert '+      action: std.echo output="Lima"' in before.out
    assert before.out.endswith("1 to create, 0 to update, 0 unchanged\n")
    assert '-      action: std.echo output="Lima"' in changed.out
    assert "Lima" in shared_ctl("workflow", "get", name, "--definition").out


def test_a_folder_is_applied_with_what_others_use_first(shared_ctl: Callable, tmp_path: Path, name: str) -> None:
    written(tmp_path, "all/a.yaml", WORKFLOW.format(name=name, text="x"))
    written(tmp_path, "all/deep/b.yml", BOOK.format(name=f"{name}book"))
    written(tmp_path, "all/deep/c.yaml", ACTION.format(name=f"{name}act"))
    written(tmp_path, "all/env.json", json.dumps({"name": f"{name}env", "variables": {"city": "Lima"}}))
    written(tmp_path, "all/a.test.yaml", "workflow: a\ncases: {one: {}}\n")
    written(tmp_path, "all/compose.yaml", "services: {web: {image: nginx}}\n")
    written(tmp_path, "all/.hidden/d.yaml", "no: good\n")

    ended = shared_ctl("apply", "-f", "all")

    assert ended.code == 0, ended.err
    assert [line.split()[1] for line in ended.out.splitlines()[:4]] == ["environment", "action", "workbook", "workflow"]
    assert ended.out.endswith("4 created, 0 updated, 0 unchanged\n")
    assert sorted(ended.err.splitlines()) == [
        "passed over all/a.test.yaml: it defines nothing for the mesh",
        "passed over all/compose.yaml: it defines nothing for the mesh",
    ]
    assert shared_ctl("workflow", "get", f"{name}book.main").code == 0
    assert shared_ctl("apply", "all", "-q").out == "0 created, 0 updated, 4 unchanged\n"


def test_what_is_wrong_is_told_with_its_place_and_keeps_none_of_the_others(
    shared_ctl: Callable, tmp_path: Path, name: str
) -> None:
    broken = WORKFLOW.format(name="broken", text="x").replace("action:", "actoin:")
    written(tmp_path, "many.yaml", f"{WORKFLOW.format(name=name, text='x')}---\n{broken}")

    ended = shared_ctl("apply", "many.yaml")

    assert ended.code == 1
    assert ended.err.startswith("error: many.yaml:13:7: unknown key 'actoin'")
    assert 'line 13 is: actoin: std.echo output="x"' in ended.err
    assert ended.out == f"created workflow {name} (many.yaml)\n1 created, 0 updated, 0 unchanged, 1 failed\n"


@pytest.mark.parametrize("kind", ["workflow", "workbook", "action", "environment"])
def test_what_get_printed_is_applied_again(shared_ctl: Callable, tmp_path: Path, name: str, kind: str) -> None:
    text = {
        "workflow": WORKFLOW.format(name=name, text="Grüße"),
        "workbook": BOOK.format(name=name),
        "action": ACTION.format(name=name),
        "environment": yaml.safe_dump({"name": name, "variables": {"a": [1, {"b": None}]}, "description": "one"}),
    }[kind]
    shared_ctl("apply", written(tmp_path, "thing.yaml", text))

    printed = shared_ctl(kind, "get", name, "-o", "yaml").out
    unchanged = shared_ctl("apply", "-f", "-", stdin=printed)
    deleted = shared_ctl(kind, "delete", name)
    created = shared_ctl("apply", "-f", "-", stdin=printed)

    assert unchanged.out.endswith("0 created, 0 updated, 1 unchanged\n")
    assert deleted.out == f"removed {kind} {name}\n"
    assert created.out == f"created {kind} {name} (standard input)\n1 created, 0 updated, 0 unchanged\n"


def test_a_namespace_and_a_scope_are_kept(shared_ctl: Callable, tmp_path: Path, name: str) -> None:
    file = written(tmp_path, "trip.yaml", WORKFLOW.format(name=name, text="x"))
    shared_ctl("apply", file)

    inside = shared_ctl("apply", file, "-n", "blue")
    public = shared_ctl("apply", file, "--scope", "public")
    again = shared_ctl("apply", file)

    assert inside.out.startswith(f"created workflow {name} in namespace blue (trip.yaml)\n")
    assert "-# scope: private\n+# scope: public\n" in public.out
    assert again.out.endswith("1 unchanged\n")
    assert json.loads(shared_ctl("workflow", "get", name, "-o", "json").out)["scope"] == "PUBLIC"


def test_programs_get_records_or_names(shared_ctl: Callable, tmp_path: Path, name: str) -> None:
    file = written(tmp_path, "trip.yaml", WORKFLOW.format(name=name, text="x"))

    [record] = json.loads(shared_ctl("diff", file, "-o", "json").out)
    names = shared_ctl("apply", file, "-o", "name")

    assert (record["kind"], record["name"], record["change"], record["error"]) == ("workflow", name, "created", None)
    assert names.out == f"workflow/{name}\n"


def test_a_name_in_two_files_is_a_mistake(shared_ctl: Callable, tmp_path: Path, name: str) -> None:
    written(tmp_path, "a.yaml", WORKFLOW.format(name=name, text="x"))
    written(tmp_path, "b.yaml", WORKFLOW.format(name=name, text="y"))

    ended = shared_ctl("apply", "a.yaml", "b.yaml")

    assert ended.code == 1
    assert ended.err == f"error: b.yaml: workflow {name} is in a.yaml already\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "say what to apply"),
        (("gone.yaml",), "gone.yaml: No such file or directory"),
        (("empty",), "nothing to apply in empty"),
    ],
)
def test_nothing_to_apply_is_a_mistake_in_the_command(
    mistralctl: Callable, tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    (tmp_path / "empty").mkdir()

    ended = mistralctl("apply", *arguments)

    assert ended.code == 2
    assert complaint in ended.err


def test_several_in_a_document_are_compared_by_what_they_say(shared_ctl: Callable, tmp_path: Path, name: str) -> None:
    alone = WORKFLOW.format(name=name, text="x")
    shared_ctl("apply", written(tmp_path, "alone.yaml", alone))
    together = f"{alone}\n{name}more:\n  tasks: {{t: {{action: std.noop}}}}\n"

    first = shared_ctl("apply", written(tmp_path, "both.yaml", together))
    again = shared_ctl("apply", "both.yaml")

    assert first.out.endswith("1 created, 0 updated, 1 unchanged\n")
    assert again.out.endswith("0 created, 0 updated, 2 unchanged\n")
