"""The tree of commands. Whatever is slow to load is loaded by the command that needs it."""

import typer

from mistral_cli.commands import (
    action,
    action_execution,
    code_source,
    dynamic_action,
    environment,
    execution,
    mesh,
    task,
    workbook,
    workflow,
)
from mistral_cli.commands.graph import graph
from mistral_cli.commands.lint import lint
from mistral_cli.commands.run import run
from mistral_cli.commands.schema import schema
from mistral_cli.commands.test import run_tests

app = typer.Typer(
    name="mistralctl",
    help="Run workflows on a mesh, and the mesh itself.",
    epilog="A first workflow: mistralctl run --ephemeral examples/hello.yaml",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run)
app.command("test")(run_tests)
app.command()(lint)
app.command()(graph)
app.command()(schema)
app.command()(mesh.up)
app.command()(mesh.down)
app.command()(mesh.status)
app.add_typer(workbook.app, name="workbook")
app.add_typer(workflow.app, name="workflow")
app.add_typer(execution.app, name="execution")
app.add_typer(task.app, name="task")
app.add_typer(action.app, name="action")
app.add_typer(action_execution.app, name="action-execution")
app.add_typer(environment.app, name="environment")
app.add_typer(code_source.app, name="code-source")
app.add_typer(dynamic_action.app, name="dynamic-action")
