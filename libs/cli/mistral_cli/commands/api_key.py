"""``mistralctl api-key``: secrets by which programs prove who they are."""

import os
import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from mistral_cli.connection import connected
from mistral_cli.errors import USAGE, CommandError
from mistral_cli.group import Group
from mistral_cli.options import Format, Output
from mistral_cli.printing import done, note, show
from mistral_cli.record import record
from mistral_cli.resource import Extra, Resource, add_get, add_list

app = Group(help="Create, list and revoke API keys.")

_PROJECT = Annotated[
    str, typer.Option("--for-project", metavar="ID", help="Only keys of this project.", show_default=False)
]
_Expires = Annotated[
    str,
    typer.Option(
        "--expires", metavar="TIME", help="When it ends: 12h, 90d, or 2030-01-31. Default: never.", show_default=False
    ),
]
_Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="Write into the database of the mesh that runs in this folder, or MISTRAL_DATABASE_URL; needs no key.",
        show_default=False,
    ),
]

API_KEY = Resource(
    name="API key",
    service="api_keys",
    message="ApiKey",
    columns=("id", "prefix", "name", "project_id", "roles", "scopes", "expires_at", "used_at", "revoked_at"),
    key="id",
    label="id",
    namespaced=False,
    extras=(Extra(name="project_id", annotation=_PROJECT),),
)


class ScopeOfKey(StrEnum):
    """What the holder of a key may do at all."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


add_list(app, API_KEY, examples=("mistralctl api-key list",))
add_get(app, API_KEY, examples=("mistralctl api-key get ID",))


@app.command(
    examples=(
        "mistralctl api-key create root --scope admin --home .mistral",
        "mistralctl api-key create ci --project red --role member --scope write --expires 90d",
    )
)
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who is to hold it.")],
    scope: Annotated[
        list[ScopeOfKey] | None,
        typer.Option("--scope", help="What its holder may do at all; write lets read too, admin everything."),
    ] = None,
    project: Annotated[
        str,
        typer.Option(
            "--project", metavar="ID", help="Project its holder acts in. Default: your own.", show_default=False
        ),
    ] = "",
    role: Annotated[
        list[str] | None,
        typer.Option("--role", help="Role of its holder; may be given more than once.", show_default=False),
    ] = None,
    expires: _Expires = "",
    home: _Home = None,
    output: Output = Format.TABLE,
) -> None:
    """Create a key and print its secret, which nobody can learn later.

    The first one is made on the machine of the mesh, with --home.
    """
    end = _moment(expires, datetime.now(UTC)) if expires else None
    scopes = [one.value for one in scope or (ScopeOfKey.WRITE,)]
    if home is not None:
        shown = _on_this_machine(home, name, scopes=scopes, project=project, roles=role or (), end=end)
    else:
        shown = _through_the_mesh(name, scopes=scopes, project=project, roles=role or (), end=end)
    show(shown, output, label="secret")
    if output is Format.TABLE:
        note("keep the secret now: it is not shown again. It is sent as MISTRAL_API_KEY, or --api-key")


@app.command(examples=("mistralctl api-key revoke 5f0c...",))
def revoke(
    key: Annotated[str, typer.Argument(metavar="ID", help="Id of the key.")], output: Output = Format.TABLE
) -> None:
    """Let a key prove nothing any more; noticed everywhere within some seconds."""
    with connected() as mesh:
        revoked = mesh.api_keys.RevokeApiKey(id=key).api_key
    if output is Format.TABLE:
        done(f"revoked the API key {revoked.prefix} of {revoked.name}")
    else:
        API_KEY.shown(revoked, output)


def _through_the_mesh(name: str, *, scopes: Any, project: str, roles: Any, end: datetime | None) -> dict[str, Any]:
    fields: dict[str, Any] = {"scopes": [f"API_KEY_SCOPE_{scope.upper()}" for scope in scopes]}
    if end is not None:
        fields["expires_at"] = end
    with connected() as mesh:
        made = mesh.api_keys.CreateApiKey(name=name, project_id=project, roles=roles, **fields)
    return {"secret": made.secret, **record(made.api_key)}


def _on_this_machine(
    home: Path, name: str, *, scopes: Any, project: str, roles: Any, end: datetime | None
) -> dict[str, Any]:
    from mistral_mesh import Plan, first_key

    words = ["--name", name, *(f"--scope={one}" for one in scopes), *(f"--role={one}" for one in roles)]
    words += [f"--project={project}"] if project else []
    words += [f"--expires={end.isoformat()}"] if end is not None else []
    made = dict(first_key(Plan.read(os.environ, home=home), words))
    return {"secret": made.pop("secret"), **made}


_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _moment(text: str, now: datetime) -> datetime:
    """Read ``90d`` or a date, which is one of this machine's zone unless it says otherwise."""
    if found := re.fullmatch(r"(\d{1,6})([mhdw])", text):
        return now + timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise CommandError(f"--expires {text!r}: give 12h, 90d, or a date such as 2030-01-31", USAGE) from None
