"""The definitions that a case may use, found by the names and in the order in which the mesh looks for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from mistral_core.documents import Document
from mistral_core.errors import NotFound
from mistral_core.language.model import AdhocAction, Workflow
from mistral_core.language.node import guess


class Library:
    """All workflows, ad-hoc actions and environments of some documents; of the same name, the later one counts."""

    def __init__(self, documents: Iterable[Document], environments: Mapping[str, Mapping[str, Any]] | None = None):
        self.workflows: dict[str, Workflow] = {}
        self.actions: dict[str, AdhocAction] = {}
        self.environments: dict[str, Mapping[str, Any]] = {}
        self._workbooks: dict[str, str] = {}
        for document in documents:
            self.workflows |= document.workflows
            self.actions |= document.actions
            if document.variables:
                self.environments[document.name] = document.variables
            self._workbooks |= dict.fromkeys(document.workflows, document.name)
        self.environments |= environments or {}

    def workbook(self, workflow: str) -> str | None:
        """Return the name of the workbook that a stored workflow came from."""
        return self._workbooks.get(workflow) or None

    def chosen(self, name: str | None) -> str:
        """Return the stored name of the workflow to start: a stored name, a local one that is unique, or the first.

        Raises:
            NotFound: If there is none, or several of that local name.
        """
        if name is None:
            if not self.workflows:
                raise NotFound("the files hold no workflow")
            return next(iter(self.workflows))
        if name in self.workflows:
            return name
        found = [stored for stored in self.workflows if stored.rpartition(".")[2] == name]
        if len(found) == 1:
            return found[0]
        if found:
            raise NotFound(f"several workflows are called '{name}': {', '.join(found)}")
        raise NotFound(f"the files hold no workflow '{name}'{guess(name, self.workflows)}{_there_are(self.workflows)}")

    def called(self, name: str, workbook: str | None) -> str | None:
        """Return the stored name of a sub-workflow; the workbook of the caller is looked into first."""
        inside = f"{workbook}.{name}"
        if workbook and inside in self.workflows:
            return inside
        return name if name in self.workflows else None

    def action(self, name: str, workbook: str | None) -> AdhocAction | None:
        """Return an ad-hoc action; the workbook of the caller is looked into first."""
        return (self.actions.get(f"{workbook}.{name}") if workbook else None) or self.actions.get(name)

    def task_names(self) -> set[str]:
        """Return the names of the tasks of all workflows."""
        return {name for workflow in self.workflows.values() for name in workflow.tasks}


def _there_are(names: Collection[str]) -> str:
    return f" (there are: {', '.join(names)})" if names else ""
