"""Comparing what is to be with what is, and making it so: one outcome for each thing, errors among them."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mistral_cli.apply.items import Item, Kind, NotOurs, items_of
from mistral_cli.apply.sources import Source
from mistral_cli.apply.stored import Stored, create, found, judged, update, wanted_text
from mistral_cli.connection import Mesh
from mistral_cli.errors import CommandError, explain
from mistral_cli.faults import line_at, located
from mistral_core.language.yaml_text import load


class Change(StrEnum):
    """What becomes of a thing."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one thing, or would.

    Attributes:
        diff: Lines of a unified diff; none if nothing changes.
        error: Why it failed, with file and line if they are known; ``hint`` what may help.
    """

    change: Change
    item: Item | None = None
    diff: Sequence[str] = ()
    error: str = ""
    hint: str = ""


def read_all(sources: Iterator[Source], *, namespace: str, scope: str) -> tuple[list[Item], list[Outcome], list[str]]:
    """Return what all documents define in the order to apply it, what is wrong with some, and files passed over."""
    items: list[Item] = []
    failed: list[Outcome] = []
    passed_over: list[str] = []
    for source in sources:
        try:
            items += items_of(source, namespace=namespace, scope=scope)
        except NotOurs:
            passed_over.append(source.file)
        except CommandError as error:
            failed.append(Outcome(change=Change.FAILED, error=str(error), hint=error.hint))
    kept, twice = _once(items)
    order = list(Kind)
    return sorted(kept, key=lambda item: order.index(item.kind)), [*failed, *twice], passed_over


def applied(mesh: Mesh, item: Item, *, dry_run: bool) -> Outcome:
    """Compare one thing, and unless it is a dry run make it so."""
    import grpc

    try:
        stored = found(mesh, item)
        change, diff = _compared(item, stored)
        if change is Change.UNCHANGED:
            return Outcome(change=change, item=item)
        if fault := judged(mesh, item):
            return _refused(item, fault)
        if not dry_run:
            if stored is None:
                create(mesh, item)
            else:
                update(mesh, item, stored)
    except grpc.RpcError as error:
        explained = explain(error)
        assert explained is not None
        if str(error.details() or "").startswith("failed to connect"):
            raise
        return _refused(item, str(explained), hint=explained.hint)
    return Outcome(change=change, item=item, diff=diff)


def _compared(item: Item, stored: Stored | None) -> tuple[Change, list[str]]:
    text = wanted_text(item, stored)
    if stored is None:
        return Change.CREATED, _diff(item, "", text, "nothing is stored")
    is_moved = bool(item.scope) and item.scope != stored.scope
    if not is_moved and (text == stored.text or _means_the_same(item, stored)):
        return Change.UNCHANGED, []
    before, after = stored.text, text
    if is_moved:
        before, after = f"# scope: {stored.scope}\n{before}", f"# scope: {item.scope}\n{after}"
    return Change.UPDATED, _diff(item, before, after, "stored")


def _means_the_same(item: Item, stored: Stored) -> bool:
    """Compare what a text says where its form is ours: that of one of several in a document was made anew."""
    return item.text != item.document and load(item.text).value == load(stored.text).value


def _diff(item: Item, before: str, after: str, what: str) -> list[str]:
    lines = difflib.unified_diff(
        before.splitlines(),
        after.splitlines(),
        f"{item.title} ({what})",
        f"{item.title} ({item.source.file})",
        lineterm="",
    )
    return list(lines)


def _refused(item: Item, message: str, *, hint: str = "") -> Outcome:
    fault = located(message, item.source.file, before=item.source.before)
    is_exported = item.document != item.source.text
    before = item.source.before
    near = "" if is_exported or fault.line is None else line_at(item.source.text, fault.line - before, before=before)
    return Outcome(change=Change.FAILED, item=item, error=fault.text, hint=hint or near)


def _once(items: Sequence[Item]) -> tuple[list[Item], list[Outcome]]:
    """Keep the first of each name; a second one is a mistake."""
    first: dict[tuple[Kind, str, str], Item] = {}
    twice = []
    for item in items:
        key = (item.kind, item.namespace, item.name)
        if (other := first.setdefault(key, item)) is not item:
            error = f"{item.source.file}: {item.title} is in {other.source.file} already"
            twice.append(Outcome(change=Change.FAILED, item=item, error=error))
    return list(first.values()), twice
