"""``mistralctl config``: contexts, which are named ways to meshes."""

import sys
from dataclasses import replace
from typing import Annotated

import typer

from mistral_cli import contexts
from mistral_cli.contexts import Contexts
from mistral_cli.errors import USAGE, CommandError
from mistral_cli.group import Command, PlainGroup
from mistral_cli.options import Format, Output
from mistral_cli.printing import done, show, show_all

app = typer.Typer(
    cls=PlainGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Keep addresses and keys of meshes as contexts. Flags win over variables, and those over a context.",
)

_SHOWN = ("current", "name", "grpc_address", "project", "tls", "api_key")
_HIDDEN = "(hidden)"


def _names(ctx: typer.Context, args: list[str], incomplete: str) -> list[str]:
    try:
        named = contexts.read(contexts.path()).named
    except CommandError:
        return []
    return sorted(name for name in named if name.startswith(incomplete))


Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the context.", autocompletion=_names)]


@app.command("list", cls=Command, epilog="mistralctl config list")
def list_(output: Output = Format.TABLE) -> None:
    """List the contexts; the current one is marked."""
    found = contexts.read(contexts.path())
    show_all([_record(found, name) for name in sorted(found.named)], output, _SHOWN)


@app.command(cls=Command, epilog="mistralctl config get production")
def get(name: Name, output: Output = Format.TABLE) -> None:
    """Show a context; its key stays hidden."""
    found = contexts.read(contexts.path())
    found.chosen(name)
    show(_record(found, name), output)


@app.command(
    "set",
    cls=Command,
    epilog="mistralctl config set production grpc_address=mesh.example.org:443 tls=true project=web\n"
    "mistralctl config set production api_key=- < key.txt",
)
def set_(
    name: Name,
    values: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY=VALUE...", help=f"Keys: {', '.join(contexts.KEYS)}; `api_key=-` reads standard input."
        ),
    ],
) -> None:
    """Create or change a context; an empty value removes a key. The first context becomes the current one."""
    file = contexts.path()
    found = contexts.read(file)
    changed = dict(found.named.get(name, {}))
    for value in values:
        key, sign, said = value.partition("=")
        if not sign:
            raise CommandError(f"{value!r} is not KEY=VALUE", USAGE)
        changed[contexts.checked(key)] = sys.stdin.readline().strip() if said == "-" else said
    kept = {key: value for key, value in changed.items() if value}
    contexts.write(file, Contexts(found.current or name, {**found.named, name: kept}))
    done(f"context {name} is kept in {file}")


@app.command(cls=Command, epilog="mistralctl config use production")
def use(name: Name) -> None:
    """Make a context the current one, for all commands that name none."""
    file = contexts.path()
    found = contexts.read(file)
    found.chosen(name)
    contexts.write(file, replace(found, current=name))
    done(f"context {name} is used from now on")


@app.command(cls=Command, epilog="mistralctl config delete production")
def delete(name: Name) -> None:
    """Remove a context."""
    file = contexts.path()
    found = contexts.read(file)
    found.chosen(name)
    rest = {other: values for other, values in found.named.items() if other != name}
    contexts.write(file, Contexts("" if found.current == name else found.current, rest))
    done(f"removed context {name}")


def _record(found: Contexts, name: str) -> dict[str, str]:
    values = {key: found.named[name].get(key, "") for key in contexts.KEYS}
    hidden = {key: _HIDDEN if values[key] else "" for key in contexts.SECRETS}
    return {"current": "*" if found.current == name else "", "name": name, **values, **hidden}
