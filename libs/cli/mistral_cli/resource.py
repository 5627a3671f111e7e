"""What all resources have in common: the declaration of a resource makes its ``list``, ``get`` and ``delete``.

How to add one stands in CONTRIBUTING.md. What only one resource can do is an ordinary command of its module.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from mistral_cli.bulk import Outcome, confirmed, performed
from mistral_cli.completion import names_of
from mistral_cli.connection import Mesh, connected
from mistral_cli.errors import USAGE, CommandError, code_name
from mistral_cli.group import Group
from mistral_cli.listing import Wanted, listed, pages
from mistral_cli.options import All, AllProjects, Filters, Format, Limit, Output, Sort, Yes
from mistral_cli.printing import show, show_pages
from mistral_cli.record import record

_MOST_COMPARED = 1000
_KEYWORD = inspect.Parameter.KEYWORD_ONLY
_POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """A further option of a list, and the field of the request that it fills.

    Attributes:
        annotation: ``Annotated[type, typer.Option(...)]``.
        read: Turns what was said into the value of the field.
    """

    name: str
    annotation: Any
    default: Any = ""
    read: Callable[[Any], Any] = field(default=lambda said: said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A kind of thing that the mesh keeps.

    Attributes:
        name: For people, such as ``cron trigger``.
        service: The attribute of ``Mesh``.
        message: Its message; calls are named after it: ``GetWorkflow``, ``ListWorkflows``, ``DeleteWorkflow``.
        columns: What a table of a list shows.
        key: Field of ``Get`` and ``Delete`` that says which one: ``identifier``, ``name`` or ``id``.
        label: Field that ``--output name`` prints.
        plural: Field of the answer of a list; usually made from ``message``.
        order: Of a list, for its help.
        namespaced: Whether its calls take a namespace.
        omit: Fields that a table of a single one leaves out, such as long texts.
        extras: Further options of the list.
        limit: How many a list has unless asked for.
    """

    name: str
    service: str
    message: str
    columns: Sequence[str]
    key: str = "identifier"
    label: str = "name"
    plural: str = ""
    order: str = "oldest first"
    namespaced: bool = True
    omit: Sequence[str] = ()
    extras: Sequence[Extra] = ()
    limit: int = 100

    def list_call(self, mesh: Mesh) -> Any:
        return getattr(getattr(mesh, self.service), f"List{self.message}s")

    @property
    def list_field(self) -> str:
        return self.plural or f"{_snake(self.message)}s"

    def get(self, mesh: Mesh, key: str, **fields: Any) -> Any:
        """Return one message; if there is none, the error says which names are near."""
        with self.suggesting(mesh, key):
            answer = getattr(getattr(mesh, self.service), f"Get{self.message}")(**{self.key: key}, **fields)
        return getattr(answer, _snake(self.message))

    def delete(self, mesh: Mesh, key: str, **fields: Any) -> None:
        with self.suggesting(mesh, key):
            getattr(getattr(mesh, self.service), f"Delete{self.message}")(**{self.key: key}, **fields)

    @contextmanager
    def suggesting(self, mesh: Mesh, key: str) -> Iterator[None]:
        """Add to an error of something that is not there which names are near."""
        import grpc

        try:
            yield
        except grpc.RpcError as error:
            if code_name(error) != "NOT_FOUND" or self.key == "id" or not (near := self._near(mesh, key)):
                raise
            raise CommandError(str(error.details()), hint=f"did you mean {' or '.join(near)}?") from None

    def _near(self, mesh: Mesh, key: str) -> list[str]:
        from difflib import get_close_matches

        there = {
            getattr(each, self.label) for each in listed(self.list_call(mesh), self.list_field, limit=_MOST_COMPARED)
        }
        return get_close_matches(key, sorted(there), n=3, cutoff=0.6)

    def shown(self, message: Any, output: Format) -> None:
        """Print one of them."""
        show(record(message), output, omit=self.omit, label=self.label)

    def shown_all(self, messages: Sequence[Any], output: Format) -> None:
        """Print some of them as a list."""
        show_pages([[record(each) for each in messages]], output, self.columns, label=self.label)


def add_list(group: Group, resource: Resource, *, examples: Sequence[str] = ()) -> None:
    """Give a group the command ``list`` of a resource."""
    named = {extra.name: extra for extra in resource.extras}

    def command(
        limit: int, all: bool, filter: list[str] | None, sort: str, all_projects: bool, output: Format, **said: Any
    ) -> None:
        fields = {name: named[name].read(value) if name in named else value for name, value in said.items()}
        most = None if all else limit
        wanted = Wanted(limit=most, filters=filter or (), sort=sort, all_projects=all_projects, fields=fields)
        columns = (*resource.columns, "project_id") if all_projects else resource.columns
        with connected() as mesh:
            found = pages(resource.list_call(mesh), resource.list_field, wanted)
            records = ([record(each) for each in page] for page in found)
            show_pages(records, output, columns, label=resource.label)

    _signed(
        command,
        f"List {_plural(resource.name)}, {resource.order}.",
        [
            *(_parameter(extra.name, extra.annotation, extra.default) for extra in resource.extras),
            *([_parameter("namespace", _ANY_NAMESPACE, None)] if resource.namespaced else []),
            _parameter("filter", Filters, None),
            _parameter("sort", Sort, ""),
            _parameter("limit", Limit, resource.limit),
            _parameter("all", All, False),
            _parameter("all_projects", AllProjects, False),
            _parameter("output", Output, Format.TABLE),
        ],
    )
    group.command("list", examples=examples)(command)


def add_get(group: Group, resource: Resource, *, text: str = "", examples: Sequence[str] = ()) -> None:
    """Give a group the command ``get``; ``text`` names a field that can be printed alone, such as ``definition``."""

    def command(key: str, output: Format, text_alone: bool = False, **said: Any) -> None:
        with connected() as mesh:
            found = resource.get(mesh, key, **said)
        if text_alone:
            value = getattr(found, text)
            typer.echo(value, nl=not value.endswith("\n"))
        else:
            resource.shown(found, output)

    alone = Annotated[bool, typer.Option(f"--{text}", f"-{text[:1]}", help=f"Print the {text} alone.")]
    _signed(
        command,
        f"Show {_article(resource.name)}" + (f", or its {text}." if text else "."),
        [
            _key(resource),
            *([_parameter("text_alone", alone, False)] if text else []),
            *([_parameter("namespace", _NAMESPACE, "")] if resource.namespaced else []),
            _parameter("output", Output, Format.TABLE),
        ],
    )
    group.command("get", examples=examples)(command)


def add_delete(
    group: Group,
    resource: Resource,
    help: str,
    *,
    extras: Sequence[Extra] = (),
    namespaced: bool | None = None,
    examples: Sequence[str] = (),
) -> None:
    """Give a group the command ``delete``, for one, several, or all that fit a filter.

    Args:
        extras: Further options of ``delete``.
        namespaced: Whether it takes a namespace, where that differs from the list.
    """
    has_namespace = resource.namespaced if namespaced is None else namespaced
    named = {extra.name: extra for extra in extras}

    def command(keys: list[str] | None, filter: list[str] | None, yes: bool, if_exists: bool, **said: Any) -> None:
        fields = {name: named[name].read(value) if name in named else value for name, value in said.items()}
        with connected() as mesh:
            chosen = keys or _fitting(mesh, resource, filter, fields)
            confirmed(f"delete {len(chosen)} {_plural(resource.name)}", yes or bool(keys))

            def one(key: str) -> Outcome:
                return _deleted(mesh, resource, key, fields, if_exists)

            performed(f"{resource.name} {{}}", chosen, one)

    _signed(
        command,
        help,
        [
            _key(resource, several=True),
            *(_parameter(extra.name, extra.annotation, extra.default) for extra in extras),
            *([_parameter("namespace", _NAMESPACE, "")] if has_namespace else []),
            _parameter("filter", Filters, None),
            _parameter("if_exists", _IF_EXISTS, False),
            _parameter("yes", Yes, False),
        ],
    )
    group.command("delete", examples=examples)(command)


_NAMESPACE = Annotated[
    str, typer.Option("--namespace", "-n", metavar="NAME", help="Namespace it is in.", show_default=False)
]
_ANY_NAMESPACE = Annotated[
    str | None, typer.Option("--namespace", "-n", metavar="NAME", help="Only of this namespace.", show_default=False)
]
_IF_EXISTS = Annotated[bool, typer.Option("--if-exists", help="What is not there counts as removed.")]


def _fitting(mesh: Mesh, resource: Resource, filters: list[str] | None, fields: Mapping[str, Any]) -> list[str]:
    if not filters:
        raise CommandError(f"say which {_plural(resource.name)}: names, or --filter", USAGE)
    call = resource.list_call(mesh)
    within = {"namespace": fields["namespace"]} if resource.namespaced and fields.get("namespace") else {}
    wanted = Wanted(limit=None, filters=filters, fields=within)
    # The id is sure to be the one that was listed; a name may be in several namespaces.
    by = "name" if resource.key == "name" else "id"
    return [getattr(each, by) for page in pages(call, resource.list_field, wanted) for each in page]


def _deleted(mesh: Mesh, resource: Resource, key: str, fields: Mapping[str, Any], if_exists: bool) -> Outcome:
    import grpc

    try:
        if if_exists:
            getattr(getattr(mesh, resource.service), f"Delete{resource.message}")(**{resource.key: key}, **fields)
        else:
            resource.delete(mesh, key, **fields)
    except grpc.RpcError as error:
        if if_exists and code_name(error) == "NOT_FOUND":
            return Outcome("was not there")
        raise
    return Outcome("removed")


def _key(resource: Resource, *, several: bool = False) -> inspect.Parameter:
    what = {"identifier": "Name or id", "name": "Name", "id": "Id"}[resource.key]
    metavar = "ID" if resource.key == "id" else "NAME"
    completion = None if resource.key == "id" else names_of(resource.service, resource.message, resource.label)
    if several:
        argument = typer.Argument(
            metavar=metavar, help=f"{what} of each.", autocompletion=completion, show_default=False
        )
        return _parameter("keys", Annotated[list[str] | None, argument], None)
    argument = typer.Argument(metavar=metavar, help=f"{what} of the {resource.name}.", autocompletion=completion)
    return inspect.Parameter("key", _POSITIONAL, annotation=Annotated[str, argument])


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, _KEYWORD, default=default, annotation=annotation)


def _signed(command: Callable[..., None], help: str, parameters: Sequence[inspect.Parameter]) -> None:
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__doc__ = help


def _snake(message: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in message).lstrip("_")


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _plural(name: str) -> str:
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
