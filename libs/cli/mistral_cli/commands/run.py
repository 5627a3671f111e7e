"""``mistralctl run``: from a file to a result in one command."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer

from mistral_cli.commands.workflow import WORKFLOW
from mistral_cli.connection import Mesh, connected
from mistral_cli.definition import read_definition, store
from mistral_cli.errors import USAGE, CommandError
from mistral_cli.given import json_object
from mistral_cli.group import single
from mistral_cli.options import Format, Home, Input, Namespace, Output, Params
from mistral_cli.printing import console

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
_LOOPBACK = "127.0.0.0/8"


@single(
    "mistralctl run trip.yaml -i city=Lima",
    "mistralctl run trip -i @input.json -o json",
    "mistralctl run --ephemeral examples/hello.yaml",
)
def run(
    target: Annotated[
        str,
        typer.Argument(metavar="FILE|NAME", help="YAML file (- for standard input), or the name of a stored workflow."),
    ],
    input: Input = None,
    params: Params = None,
    workflow: Annotated[
        str,
        typer.Option(
            "--workflow", "-w", help="Which workflow of the file to run. Default: its first.", show_default=False
        ),
    ] = "",
    ephemeral: Annotated[
        bool, typer.Option("--ephemeral", "-e", help="Run it on a mesh of its own, started now and stopped at the end.")
    ] = False,
    home: Home = None,
    namespace: Namespace = "",
    output: Output = Format.TABLE,
) -> None:
    """Run a workflow and follow it to its result.

    A file is stored first. Its tasks are shown as they run, then the output.

    Exit code 0 if it ended in SUCCESS, 1 if not, 2 for a mistake in the command itself.

    With --ephemeral its tasks may call loopback addresses, and env().mesh_url is the address of the mesh's REST API.
    """
    job = Job(
        target=target,
        definition=read_definition(target) if _is_file(target) else None,
        workflow=workflow,
        namespace=namespace,
        input=json_object(input, "--input"),
        params=json_object(params, "--params"),
    )
    if ephemeral:
        with _own_mesh(home) as (mesh, url):
            code = _run(mesh, job.with_env(mesh_url=url), output, hint="interrupted")
    else:
        with connected() as mesh:
            code = _run(mesh, job, output)
    raise typer.Exit(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be run; ``definition`` is None for a workflow that is stored already."""

    target: str
    definition: str | None
    workflow: str
    namespace: str
    input: dict[str, Any]
    params: dict[str, Any]

    def with_env(self, **values: str) -> "Job":
        """Add to the environment what it does not have yet."""
        env = self.params.get("env", {})
        if not isinstance(env, dict):
            raise CommandError("env in --params must be a JSON object", USAGE)
        return replace(self, params={**self.params, "env": {**values, **env}})


def _run(mesh: Mesh, job: Job, output: Format, *, hint: str = "") -> int:
    from mistral_cli.progress.follow import follow

    name = job.target if job.definition is None else _stored(mesh, job, job.definition)
    with WORKFLOW.suggesting(mesh, name):
        started = mesh.executions.StartExecution(
            workflow=name,
            namespace=job.namespace,
            input=json.dumps(job.input),
            params=json.dumps(job.params),
            request_id=str(uuid4()),
        )
    return follow(mesh, started.execution.id, output, hint=hint)


def _stored(mesh: Mesh, job: Job, definition: str) -> str:
    """Store the file and return the name of the workflow to run."""
    names = [stored.name for stored in store(mesh, definition, namespace=job.namespace, file=job.target)]
    if job.workflow and job.workflow not in names:
        raise CommandError(f"the file has no workflow {job.workflow!r}, only {', '.join(names)}", USAGE)
    return job.workflow or names[0]


def _is_file(target: str) -> bool:
    path = Path(target)
    if target == "-" or path.is_file():
        return True
    if path.suffix in _SUFFIXES:
        raise CommandError(f"there is no file {target}", USAGE)
    return False


@contextmanager
def _own_mesh(home: Path | None) -> Iterator[tuple[Mesh, str]]:
    """Have a mesh on free ports, whose tasks may call this machine; yield its services and the URL of its REST API."""
    from mistral_mesh import Plan
    from mistral_mesh import ephemeral as own

    allowed = ",".join(filter(None, (os.environ.get("MISTRAL_EGRESS_ALLOWED"), _LOOPBACK)))
    environ = {**os.environ, "MISTRAL_EGRESS_ALLOWED": allowed}
    plan = Plan.read(environ, home=home, http_port=0, grpc_port=0)
    with ExitStack() as stack:
        with console(stderr=True).status(f"starting a mesh in {plan.home}"):
            started = stack.enter_context(own(plan))
        yield stack.enter_context(connected(started.grpc_address)), started.http_url
