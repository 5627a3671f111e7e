"""How progress is drawn: as a tree on a terminal, as lines elsewhere."""

import io
from dataclasses import replace

from rich.console import Console

from mistral_cli.progress.lines import Lines
from mistral_cli.progress.snapshot import ExecutionView, TaskView
from mistral_cli.progress.tree import drawn
from mistral_cli.progress.words import duration, note


def task(name: str, state: str = "SUCCESS", **fields) -> TaskView:
    over = state in ("SUCCESS", "ERROR")
    values = {"info": "", "started": 100.0, "finished": 100.5 if over else None, **fields}
    return TaskView(id=name, name=name, state=state, **values)


def execution(name: str, *tasks: TaskView, state: str = "RUNNING", **fields) -> ExecutionView:
    finished = None if state == "RUNNING" else 101.0
    values = {"id": name, "info": "", "started": 100.0, "finished": finished, **fields}
    return ExecutionView(name=name, state=state, tasks=tasks, message=None, **values)


def text_of(view: ExecutionView, **options) -> list[str]:
    console = Console(file=io.StringIO(), width=100)
    console.print(drawn(view, now=102.0, **options))
    return console.file.getvalue().splitlines()


def test_durations_are_said_as_people_say_them():
    said = [duration(seconds) for seconds in (0.0, 0.0124, 0.99951, 1.25, 59.94, 59.96, 125.0)]

    assert said == ["0 ms", "12 ms", "1.0 s", "1.2 s", "59.9 s", "1 min 00 s", "2 min 05 s"]


def test_the_tree_shows_sub_workflows_below_their_tasks():
    view = execution("tour", task("fetch"), task("part", "RUNNING", children=(execution("sub", task("inner")),)))

    lines = text_of(view)

    assert [line.split()[-4] for line in lines] == ["tour", "fetch", "part", "sub", "inner"]
    assert lines[1].startswith("├── ✔ fetch")
    assert lines[4].startswith("        └── ✔ inner")


def test_states_stand_below_each_other_at_any_depth():
    view = execution("tour", task("a"), task("part", children=(execution("sub", task("b"), state="SUCCESS"),)))

    columns = {line.index("SUCCESS") for line in text_of(view)[1:]}

    assert len(columns) == 1


def test_a_terminal_without_unicode_gets_no_icons():
    assert "✔" not in "".join(text_of(execution("tour", task("a")), icons=False))


def test_many_tasks_are_cut_and_those_that_matter_stay():
    tasks = [task(f"t{number}") for number in range(500)]
    tasks[477] = task("broken", "ERROR", info="out of luck")

    text = "\n".join(text_of(execution("big", *tasks)))

    assert "broken" in text
    assert "out of luck" in text
    assert "… and 460 more" in text


def test_notes_tell_items_retries_and_reasons():
    assert note(task("a", "RUNNING", items=10, done=4)) == "4 of 10 items"
    assert note(task("a", items=10, done=10)) == "10 items"
    assert note(task("a", "ERROR", retries=2, info="it\nfailed")) == "retry 2, it failed"


def test_markup_in_names_and_reasons_is_text():
    text = "\n".join(text_of(execution("tour", task("[bold]", "ERROR", info="[red]x[/red]"))))

    assert "[bold]" in text
    assert "[red]x[/red]" in text


def test_lines_tell_each_change_once_in_the_order_of_time():
    stream = io.StringIO()
    view = execution("tour", task("late", finished=100.9), task("early", finished=100.2), task("open", "RUNNING"))
    with Lines(stream) as lines:
        lines.show(view)
        lines.show(view)
        lines.show(replace(view, state="SUCCESS", finished=101.0, tasks=(*view.tasks[:2], task("open"))))

    told = [" ".join(line.split()) for line in stream.getvalue().splitlines()]
    assert told == [
        "0.000 s RUNNING tour",
        "0.000 s RUNNING tour / open",
        "0.200 s SUCCESS tour / early (200 ms)",
        "0.900 s SUCCESS tour / late (900 ms)",
        "0.500 s SUCCESS tour / open (500 ms)",
        "1.000 s SUCCESS tour (1.0 s)",
    ]
