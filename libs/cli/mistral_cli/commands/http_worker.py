"""``mistralctl http-worker``: applications that run actions and are called over HTTP."""

import json
from typing import Annotated, Any

import typer

from mistral_cli.completion import names_of
from mistral_cli.connection import connected
from mistral_cli.given import json_value, texts
from mistral_cli.group import Group
from mistral_cli.options import Format, Output
from mistral_cli.resource import Resource, add_delete, add_get, add_list

app = Group(help="Register applications that run actions and are called over HTTP.")

HTTP_WORKER = Resource(
    name="HTTP worker",
    service="http_workers",
    message="HttpWorker",
    key="name",
    columns=("name", "url", "enabled", "concurrency", "timeout_seconds", "lease_seconds", "is_signed", "created_at"),
    namespaced=False,
)

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="Name of the HTTP worker.", autocompletion=names_of("http_workers", "HttpWorker")
    ),
]
Url = Annotated[str, typer.Option("--url", help="Where it is called: http or https.", show_default=False)]
Actions = Annotated[
    str,
    typer.Option(
        "--actions",
        "-a",
        metavar="NAME,...|JSON|@FILE",
        help="What it offers: names, or a JSON list of offers with their schemas.",
        show_default=False,
    ),
]
Queues = Annotated[
    list[str] | None, typer.Option("--queue", help="A queue that it serves; repeat for several.", show_default=False)
]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="K=V", help="A label that it has; repeat for several.", show_default=False),
]
Headers = Annotated[
    list[str] | None,
    typer.Option(
        "--header", metavar="K=V|@FILE", help="A header of every call; repeat for several.", show_default=False
    ),
]
Secret = Annotated[
    str | None,
    typer.Option(
        "--secret",
        envvar="MISTRAL_HTTP_WORKER_SECRET",
        help="What calls are signed with; empty for no signature.",
        show_default=False,
    ),
]
Concurrency = Annotated[
    int, typer.Option("--concurrency", min=1, max=1000, help="Most runs at once.", show_default=False)
]
Timeout = Annotated[
    int, typer.Option("--timeout-seconds", min=1, max=3600, help="Most seconds for one call.", show_default=False)
]
Lease = Annotated[
    int,
    typer.Option(
        "--lease-seconds", min=10, max=604800, help="Most seconds without a sign of life after 202.", show_default=False
    ),
]
Attempts = Annotated[
    int, typer.Option("--attempts", min=1, max=20, help="Most calls while none reached it.", show_default=False)
]
Description = Annotated[str | None, typer.Option("--description", help="Free text.", show_default=False)]
Enabled = Annotated[bool | None, typer.Option("--enable/--disable", help="Whether it is called.", show_default=False)]

add_list(app, HTTP_WORKER, examples=("mistralctl http-worker list",))
add_get(app, HTTP_WORKER, examples=("mistralctl http-worker get billing -o yaml",))


@app.command(
    examples=("mistralctl http-worker create billing --url https://billing.example/actions -a billing.charge",)
)
def create(
    name: Name,
    url: Url,
    actions: Actions,
    queue: Queues = None,
    label: Labels = None,
    header: Headers = None,
    secret: Secret = None,
    concurrency: Concurrency = 0,
    timeout_seconds: Timeout = 0,
    lease_seconds: Lease = 0,
    attempts: Attempts = 0,
    description: Description = None,
    enable: Enabled = None,
    output: Output = Format.TABLE,
) -> None:
    """Register an application; it is called for every run of what it offers."""
    fields = _fields(actions, queue, label, header, secret, enable, url=url, description=description or "")
    numbers = {"concurrency": concurrency, "timeout_seconds": timeout_seconds}
    with connected() as mesh:
        stored = mesh.http_workers.CreateHttpWorker(
            name=name, lease_seconds=lease_seconds, attempts=attempts, **numbers, **fields
        )
    HTTP_WORKER.shown(stored.http_worker, output)


@app.command(examples=("mistralctl http-worker update billing --disable",))
def update(
    name: Name,
    url: Url = "",
    actions: Actions = "",
    queue: Queues = None,
    label: Labels = None,
    header: Headers = None,
    secret: Secret = None,
    concurrency: Concurrency = 0,
    timeout_seconds: Timeout = 0,
    lease_seconds: Lease = 0,
    attempts: Attempts = 0,
    description: Description = None,
    enable: Enabled = None,
    output: Output = Format.TABLE,
) -> None:
    """Change an application; runs that it has in hand stay."""
    fields = _fields(actions, queue, label, header, secret, enable, url=url, description=description)
    numbers = {"concurrency": concurrency, "timeout_seconds": timeout_seconds}
    with connected() as mesh, HTTP_WORKER.suggesting(mesh, name):
        stored = mesh.http_workers.UpdateHttpWorker(
            name=name, lease_seconds=lease_seconds, attempts=attempts, **numbers, **fields
        )
    HTTP_WORKER.shown(stored.http_worker, output)


def _fields(
    actions: str,
    queues: list[str] | None,
    labels: list[str] | None,
    headers: list[str] | None,
    secret: str | None,
    enabled: bool | None,
    **more: Any,
) -> dict[str, Any]:
    return {
        "actions": _offers(actions),
        "queues": queues or [],
        "labels": texts(labels, "--label"),
        "headers": texts(headers, "--header"),
        "secret": secret,
        "enabled": enabled,
        **more,
    }


def _offers(given: str) -> str:
    """Names become offers of any input; a list in JSON stays as it is."""
    if not given:
        return ""
    if given.lstrip().startswith(("[", "@")):
        return json.dumps(json_value(given, "--actions"))
    return json.dumps([{"name": name.strip()} for name in given.split(",") if name.strip()])


add_delete(
    app,
    HTTP_WORKER,
    "Remove HTTP workers; runs that they have in hand end with their leases.",
    examples=("mistralctl http-worker delete billing",),
)
