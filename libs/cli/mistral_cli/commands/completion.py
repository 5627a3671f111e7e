"""``mistralctl completion``: what a shell needs to complete commands, options and names."""

from enum import StrEnum
from typing import Annotated

import typer

from mistral_cli.group import single_plain
from mistral_cli.overview import COMPLETION


class Shell(StrEnum):
    """Shells that are known."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@single_plain(
    'eval "$(mistralctl completion bash)"                                          # in ~/.bashrc',
    'eval "$(mistralctl completion zsh)"                                           # in ~/.zshrc, after compinit',
    "mistralctl completion fish > ~/.config/fish/completions/mistralctl.fish",
)
def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print the completion script of a shell.

    It completes commands and options, and names of workflows and other things that the mesh has.
    """
    from typer._completion_shared import get_completion_script

    typer.echo(get_completion_script(prog_name="mistralctl", complete_var=COMPLETION, shell=shell.value))
