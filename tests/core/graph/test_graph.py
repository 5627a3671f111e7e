"""Drawings say what a workflow is, nothing lies over anything, and runs show states and the critical path."""

import itertools
import random
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from mistral_core.documents import read_document
from mistral_core.graph import Drawing, TaskRun, drawing_of, mermaid, svg, with_run
from mistral_core.graph.cards import size_of
from mistral_core.graph.critical import longest_chain
from mistral_core.graph.layout import layout_of
from mistral_core.graph.model import Shape, Way

ROOT = Path(__file__).parents[3]

FULL = """
version: '2.0'
w:
  description: Says <much> & "more".
  tasks:
    a:
      action: std.http url=x
      retry: count=3 delay=1
      on-success: [b, {c: <% $.x > 1 %>}]
      on-error: ['fail msg="no <luck>"', d]
    b: {with-items: x in <% $.xs %>, workflow: child x=1, on-complete: c}
    c: {join: all, action: std.noop, on-success: [{a: <% $.again %>}], on-skip: d}
    d: {action: std.echo output=1, on-success: [{d: <% $.more %>}]}
    s: {action: std.noop, on-success: a}
"""

REVERSE = "{version: '2.0', w: {type: reverse, tasks: {a: {action: x}, b: {action: x, requires: a}}}}"


def drawing(text: str = FULL) -> Drawing:
    [workflow] = read_document(text).workflows.values()
    return drawing_of(workflow)


def test_a_drawing_has_tasks_commands_and_all_ways():
    drawn = drawing()

    assert [(node.title, node.shape) for node in drawn.nodes] == [
        ("a", Shape.ACTION),
        ("b", Shape.WORKFLOW),
        ("c", Shape.ACTION),
        ("d", Shape.ACTION),
        ("s", Shape.ACTION),
        ("fail", Shape.COMMAND),
    ]
    titles = {node.key: node.title for node in drawn.nodes}
    assert {(titles[e.source], titles[e.target], e.way, e.label) for e in drawn.edges} == {
        ("a", "b", Way.SUCCESS, ""),
        ("a", "c", Way.SUCCESS, "$.x > 1"),
        ("a", "fail", Way.ERROR, ""),
        ("a", "d", Way.ERROR, ""),
        ("b", "c", Way.COMPLETE, ""),
        ("c", "a", Way.SUCCESS, "$.again"),
        ("c", "d", Way.SKIP, ""),
        ("d", "d", Way.SUCCESS, "$.more"),
        ("s", "a", Way.SUCCESS, ""),
    }


def test_a_reverse_workflow_is_drawn_by_what_is_required():
    [edge] = drawing(REVERSE).edges

    assert (edge.source, edge.target, edge.way) == ("a", "b", Way.REQUIRES)


def test_the_picture_is_sound_xml_and_says_everything():
    root = ET.fromstring(svg(drawing()))

    words = {element.text for element in root.iter() if element.tag.endswith("text")}
    assert {"w", 'Says <much> & "more".', "a", "std.http", "retry 3x", "child", "for each x", "join all"} <= words
    assert {"fail", "no <luck>", "$.x > 1", "on-skip"} <= words


def test_mermaid_text_escapes_what_would_end_a_label():
    text = mermaid(drawing())

    assert text.startswith('---\ntitle: "w"\n---\nflowchart TD\n')
    assert 'n1[["b<br/>child<br/>for each x"]]' in text
    assert 'n5(["fail<br/>no &lt;luck&gt;"])' in text
    assert 'n0 -->|"$.x &gt; 1"| n2' in text
    assert "n0 -.->|" in text


def random_workflow(chance: random.Random) -> str:
    count = chance.randrange(2, 25)
    tasks = []
    for number in range(count):
        targets = sorted({chance.randrange(1, count) for _ in range(chance.randrange(0, 4))})
        clause = ", ".join(
            chance.choice((f"t{each}", f"{{t{each}: <% $.some.condition > {each} %>}}")) for each in targets
        )
        tasks.append(f"    t{number}: {{action: std.noop{f', on-success: [{clause}]' if clause else ''}}}")
    return "version: '2.0'\nw:\n  tasks:\n" + "\n".join(tasks) + "\n"


@pytest.mark.parametrize("seed", range(25))
def test_no_card_lies_over_another_and_edges_join_their_ends(seed):
    drawn = drawing(random_workflow(random.Random(seed)))
    nodes = {node.key: node for node in drawn.nodes}

    layout = layout_of(drawn, lambda key: size_of(nodes[key]), lambda edge: (60.0, 18.0) if edge.label else None)

    for one, other in itertools.combinations(layout.boxes.values(), 2):
        apart = (
            abs(one.x - other.x) >= (one.width + other.width) / 2 or one.bottom <= other.top or other.bottom <= one.top
        )
        assert apart
    assert len(layout.routes) == len(drawn.edges)
    for route in layout.routes:
        if route.points:
            for (x, _, _), key in ((route.points[0], route.edge.source), (route.points[-1], route.edge.target)):
                assert abs(x - layout.boxes[key].x) <= layout.boxes[key].width / 2
    ET.fromstring(svg(drawn))


def test_a_picture_of_hundreds_of_tasks_is_drawn():
    tasks = "".join(
        f"    t{n}: {{action: std.noop, on-success: [{f't{n + 7}, t{n + 20}' if n < 280 else 'noop'}]}}\n"
        for n in range(300)
    )

    assert len(svg(drawing(f"version: '2.0'\nw:\n  tasks:\n{tasks}"))) > 300 * 100


def test_the_critical_path_is_the_chain_with_the_largest_sum():
    took = {"a": 1.0, "b": 5.0, "c": 2.0, "d": 4.0, "e": 1.0}
    before = {"b": ["a"], "c": ["a"], "d": ["c"], "e": ["b", "d", "gone"]}

    assert longest_chain(took, before) == ["a", "c", "d", "e"]


def test_the_critical_path_survives_rings():
    assert longest_chain({"a": 1.0, "b": 2.0}, {"a": ["b"], "b": ["a"]})
    assert longest_chain({}, {}) == []


def test_a_run_shows_states_durations_and_the_ways_taken():
    runs = [
        TaskRun(id="1", name="a", state="SUCCESS", started=0.0, until=2.0),
        TaskRun(id="2", name="b", state="SUCCESS", started=2.0, until=5.0, before=[("1", "on-success")]),
        TaskRun(
            id="3",
            name="c",
            state="RUNNING",
            started=5.0,
            until=9.0,
            before=[("1", "on-success"), ("2", "on-complete")],
        ),
    ]

    drawn = with_run(drawing(), runs, state="RUNNING", took=9.0)

    nodes = {node.title: node for node in drawn.nodes}
    assert (nodes["b"].state, nodes["b"].took, nodes["b"].critical) == ("SUCCESS", "3.0 s", True)
    assert (nodes["d"].state, nodes["d"].critical) == ("", False)
    critical = {(edge.source, edge.target) for edge in drawn.edges if edge.critical}
    assert critical == {("a", "b"), ("b", "c")}
    assert {(edge.source, edge.target) for edge in drawn.edges if edge.taken} == {("a", "b"), ("a", "c"), ("b", "c")}
    assert drawn.caption == "RUNNING in 9.0 s; critical path 9.0 s: a → b → c"
    assert "SUCCESS · 3.0 s" in svg(drawn)
    assert "classDef critical" in mermaid(drawn)


def test_in_a_reverse_workflow_what_was_required_is_the_way():
    runs = [
        TaskRun(id="1", name="a", state="SUCCESS", started=0.0, until=2.0),
        TaskRun(id="2", name="b", state="ERROR", started=2.0, until=3.0),
    ]

    drawn = with_run(drawing(REVERSE), runs, state="ERROR", took=3.0)

    assert drawn.edges[0].critical


@pytest.mark.parametrize("name", ["tour", "visit"])
def test_examples_are_drawn(name):
    workflows = read_document((ROOT / "examples" / "tour.yaml").read_text()).workflows

    ET.fromstring(svg(drawing_of(workflows[name])))
