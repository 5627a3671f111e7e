"""``mistralctl service``: which processes the mesh is made of, wherever they run."""

from enum import StrEnum
from typing import Annotated

import typer

from mistral_cli.connection import connected
from mistral_cli.group import Group
from mistral_cli.options import Format, Output
from mistral_cli.printing import show_all
from mistral_cli.record import record

app = Group(help="Show the services that live, wherever they run.")

_COLUMNS = ("name", "kind", "address", "started_at")


class Kind(StrEnum):
    """What a service does."""

    GATEWAY = "api-gateway"
    ENGINE = "engine"
    EXECUTOR = "executor"
    SCHEDULER = "scheduler"
    NOTIFIER = "notifier"

    @property
    def message(self) -> str:
        """The name of the kind in messages."""
        return f"SERVICE_KIND_{self.value.upper().replace('-', '_')}"


@app.callback()
def _group() -> None:
    """Its only command keeps its name."""


@app.command("list", examples=("mistralctl service list --kind engine",))
def list_(
    kind: Annotated[list[Kind] | None, typer.Option("--kind", help="Only of this kind; repeat for several.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """List the services that live, by kind and name."""
    with connected() as mesh:
        found = mesh.services.ListServices(kinds=[one.message for one in kind or ()]).services
    show_all([record(one) for one in found], output, _COLUMNS)
