"""What is drawn: nodes for tasks and commands, edges for what leads where. Nothing here knows a coordinate."""

from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    """What a node stands for."""

    ACTION = "action"
    WORKFLOW = "workflow"
    COMMAND = "command"


class Way(StrEnum):
    """Through which clause an edge leads."""

    SUCCESS = "on-success"
    ERROR = "on-error"
    COMPLETE = "on-complete"
    SKIP = "on-skip"
    REQUIRES = "requires"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A task, or a command that a task gives to the engine.

    Attributes:
        key: Unique in the drawing.
        title: Name of the task or the command.
        detail: What it runs or says.
        notes: Policies and the like, each a few words.
        join: What it waits for, such as ``all``; "" for no join.
        items: Variables of with-items; "" for none.
        state: Of the newest execution of the task; "" when nothing is known.
        took: How long it ran, as text; "" when nothing is known.
        runs: How many executions of it there were.
        critical: Whether it is on the chain that took longest.
    """

    key: str
    title: str
    shape: Shape
    detail: str = ""
    notes: tuple[str, ...] = ()
    join: str = ""
    items: str = ""
    state: str = ""
    took: str = ""
    runs: int = 0
    critical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One way from a node to another; ``label`` is its condition, if it has one."""

    source: str
    target: str
    way: Way
    label: str = ""
    taken: bool = False
    critical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A whole drawing; nodes in the order of the text. ``caption`` says more than the title; "" for nothing."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    caption: str = ""
    state: str = ""
