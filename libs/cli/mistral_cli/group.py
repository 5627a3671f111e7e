"""Groups of commands: each command gets the shared options and examples in its help without saying so itself."""

import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from mistral_cli.plain import read_plainly
from mistral_cli.surroundings import Surroundings, within

_SHARED = "Shared options"


_Function = TypeVar("_Function", bound=Callable[..., Any])


Fields = Annotated[
    str, typer.Option("--fields", metavar="A,B", help="Only these fields, in this order.", show_default=False)
]
Utc = Annotated[bool, typer.Option("--utc", help="Times in UTC, in full.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours; NO_COLOR=1 does the same.")]
GrpcAddress = Annotated[
    str | None,
    typer.Option(
        "--grpc-address",
        metavar="HOST:PORT",
        envvar="MISTRAL_GRPC_ADDRESS",
        show_envvar=False,
        help="Where the mesh answers. Default: the context's, or the mesh of MISTRAL_HOME, or 127.0.0.1:50051.",
        show_default=False,
    ),
]
ContextName = Annotated[
    str | None,
    typer.Option(
        "--context",
        metavar="NAME",
        envvar="MISTRAL_CONTEXT",
        show_envvar=False,
        help="Context of `mistralctl config` to use.",
        show_default=False,
    ),
]
ApiKey = Annotated[
    str | None,
    typer.Option(
        "--api-key",
        metavar="KEY",
        envvar="MISTRAL_API_KEY",
        show_envvar=False,
        help="Key or token to sign in with; better in MISTRAL_API_KEY.",
        show_default=False,
    ),
]
Project = Annotated[
    str | None,
    typer.Option(
        "--project",
        metavar="NAME",
        envvar="MISTRAL_PROJECT",
        show_envvar=False,
        help="Project to act in, for administrators.",
        show_default=False,
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=0.001,
        help="Seconds to wait at most. Default: 60 a call.",
        show_default=False,
    ),
]


def _shared(
    *,
    fields: Fields = "",
    utc: Utc = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
    grpc_address: GrpcAddress = None,
    context: ContextName = None,
    api_key: ApiKey = None,
    project: Project = None,
    timeout: Timeout = None,
) -> None:
    """Only its parameters matter: they are those that every command of a group has."""


_PARAMETERS = tuple(inspect.signature(_shared, eval_str=True).parameters.values())


class PlainHelp:
    """Gives a command or group an option ``--help`` that loads nothing."""

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)  # type: ignore[misc]
        read_plainly([option] if option else [])
        return option


class PlainGroup(PlainHelp, TyperGroup):
    """A group as it is built from a ``Group``."""


class Command(PlainHelp, TyperCommand):
    """A command whose help has the shared options last, and examples as they are typed."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        read_plainly(self.params)
        for param in self.params:
            _name_value(param)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        own: list[tuple[str, Any]] = []
        shared: list[tuple[str, Any]] = []
        for parameter in self.get_params(ctx):
            if (line := parameter.get_help_record(ctx)) is None:
                continue
            (shared if parameter.name in NAMES else own).append((parameter.param_type_name, line))
        _section(formatter, "Arguments", [line for kind, line in own if kind == "argument"])
        _section(formatter, "Options", [line for kind, line in own if kind == "option"])
        _section(formatter, _SHARED, [line for _, line in shared])

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        if self.epilog:
            with formatter.section("Examples"):
                for line in self.epilog.splitlines():
                    formatter.write(" " * formatter.current_indent + line + "\n")


NAMES = frozenset(parameter.name for parameter in _PARAMETERS)


def _name_value(param: Any) -> None:
    """Say in the help what an option takes, in a word."""
    kind: Any = getattr(getattr(param, "type_descriptor", None), "annotation", None)
    if param.metavar is None and param.param_type_name == "option":
        param.metavar = {str: "TEXT", int: "N", float: "N", Path: "PATH"}.get(kind)


def _section(formatter: Any, title: str, lines: Sequence[tuple[str, str]]) -> None:
    if lines:
        with formatter.section(title):
            formatter.write_dl(lines)


class Group(typer.Typer):
    """A group of commands that talk to the mesh."""

    def __init__(self, help: str) -> None:
        super().__init__(cls=PlainGroup, no_args_is_help=True, help=help, rich_markup_mode=None)

    def command(
        self, name: str | None = None, *, examples: Sequence[str] = (), **options: Any
    ) -> Callable[[_Function], _Function]:
        """Register a command; ``examples`` are lines to type, shown at the end of its help."""

        def register(function: _Function) -> _Function:
            options.setdefault("cls", Command)
            options.setdefault("epilog", "\n".join(examples) or None)
            super(Group, self).command(name, **options)(with_shared(function))
            return function

        return register


def with_shared(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the shared options that it does not have itself; it finds them in ``current()``."""
    signature = inspect.signature(function, eval_str=True)
    own = list(signature.parameters.values())
    added = [parameter for parameter in _PARAMETERS if parameter.name not in signature.parameters]

    def command(**given: Any) -> Any:
        shared = {parameter.name: given.pop(parameter.name) for parameter in added}
        with within(_read(shared)), _quiet_pipe():
            return function(**given)

    command.__signature__ = signature.replace(parameters=[*own, *added])  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *added)}
    command.__name__, command.__doc__, command.__module__ = function.__name__, function.__doc__, function.__module__
    return command


def _read(given: dict[str, Any]) -> Surroundings:
    fields = tuple(name.strip() for name in given.pop("fields", "").split(",") if name.strip())
    return Surroundings(fields=fields, color=not given.pop("no_color", False), **given)


@contextmanager
def _quiet_pipe() -> Iterator[None]:
    """Whoever reads our output has had enough (``| head``): there is nobody to complain to."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def single(*examples: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a command that stands alone, not in a group: with the shared options, and examples of lines to type."""

    def make(function: Callable[..., Any]) -> Callable[..., Any]:
        made = with_shared(function)
        made.examples = examples  # type: ignore[attr-defined]
        return made

    return make


def single_plain(*examples: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a command that stands alone and talks to no mesh: with examples, without the shared options."""

    def make(function: Callable[..., Any]) -> Callable[..., Any]:
        function.examples = examples  # type: ignore[attr-defined]
        return function

    return make
