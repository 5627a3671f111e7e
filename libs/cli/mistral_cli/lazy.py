"""A group whose commands are loaded when they are called: loading all of them takes longer than most of them do."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar

import typer

from mistral_cli.group import Command, PlainGroup
from mistral_cli.table_of_commands import Section


class Lazy(PlainGroup):
    """Knows its commands by a table: title, then name, then ``module`` or ``module:function`` and a line of help."""

    sections: ClassVar[Mapping[str, Section]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for section in self.sections.values() for name in section]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        for section in self.sections.values():
            if cmd_name in section:
                return _loaded(cmd_name, section[cmd_name][0])
        return None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; a name that is nearly one is told."""
        from difflib import get_close_matches

        is_wrong = args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None
        if is_wrong and not ctx.resilient_parsing:
            near = get_close_matches(args[0], self.list_commands(ctx), n=2)
            ctx.fail(f"there is no command {args[0]!r}" + (f"; did you mean {' or '.join(near)}?" if near else ""))
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Complete from the table alone."""
        from typer._click.shell_completion import CompletionItem

        found = [(name, line) for section in self.sections.values() for name, (_, line) in section.items()]
        return [CompletionItem(name, help=line) for name, line in found if name.startswith(incomplete)]


def _loaded(name: str, where: str) -> Any:
    module, _, function = where.partition(":")
    loaded = import_module(f"mistral_cli.commands.{module}")
    if not function:
        group = typer.main.get_group(loaded.app)
        group.name = name
        return group
    return _command(name, getattr(loaded, function))


def _command(name: str, function: Any) -> Any:
    single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    examples = getattr(function, "examples", ())
    single.command(name, cls=Command, epilog="\n".join(examples) or None)(function)
    return typer.main.get_command(single)
