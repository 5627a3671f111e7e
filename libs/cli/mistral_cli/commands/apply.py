"""``mistralctl apply`` and ``diff``: definitions from files, created or updated as they differ from what is stored."""

from typing import Annotated

import typer

from mistral_cli.connection import connected
from mistral_cli.errors import CHANGES, FAILED, USAGE, CommandError
from mistral_cli.group import single
from mistral_cli.options import Format, Namespace, Output, Scope, ScopeName
from mistral_cli.printing import note

Files = Annotated[
    list[str] | None,
    typer.Option(
        "--file",
        "-f",
        metavar="FILE|FOLDER|-",
        help="File, folder with all below it, or - for standard input; may be repeated.",
        show_default=False,
    ),
]
Targets = Annotated[
    list[str] | None, typer.Argument(metavar="FILE|FOLDER", help="The same as --file.", show_default=False)
]


@single(
    "mistralctl apply -f workflows/",
    "mistralctl apply -f trip.yaml --dry-run       # exit code 2 if something would change",
    "mistralctl workflow get trip -o yaml | sed s/Lima/Oslo/ | mistralctl apply -f -",
)
def apply(
    targets: Targets = None,
    file: Files = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Have the mesh check, show the differences, and write nothing.")
    ] = False,
    scope: Scope = None,
    namespace: Namespace = "",
    output: Output = Format.TABLE,
) -> None:
    """Create or update workflows, workbooks, actions and environments.

    What a document is shows in its shape: a workbook has a name, ad-hoc actions have a base, an environment is
    {name, variables}. Also what `get -o yaml` printed is taken. Folders are read with all *.yaml, *.yml and *.json
    files below them; test files and files of other kinds are passed over. What others use is applied first; what
    fails is told with file and line, and the rest goes on.

    Exit code 0 if all is well, 1 if something failed. With --dry-run: 0 if nothing would change, 2 if something would.
    """
    _apply([*(targets or ()), *(file or ())], dry_run, scope, namespace, output)


@single("mistralctl diff -f workflows/")
def diff(
    targets: Targets = None,
    file: Files = None,
    scope: Scope = None,
    namespace: Namespace = "",
    output: Output = Format.TABLE,
) -> None:
    """Show what `apply` would change; the same as `apply --dry-run`.

    Exit code 0 if nothing would change, 2 if something would, 1 if something is wrong.
    """
    _apply([*(targets or ()), *(file or ())], True, scope, namespace, output)


def _apply(targets: list[str], dry_run: bool, scope: ScopeName | None, namespace: str, output: Format) -> None:
    from mistral_cli.apply.changes import Change, applied, read_all
    from mistral_cli.apply.sources import sources
    from mistral_cli.apply.telling import print_outcomes, sum_up, tell
    from mistral_cli.progress.bar import Bar

    if not targets:
        raise CommandError("say what to apply: files, folders, or - for standard input", USAGE)
    items, outcomes, passed_over = read_all(sources(targets), namespace=namespace, scope=scope.value if scope else "")
    for name in passed_over:
        note(f"passed over {name}: it defines nothing for the mesh")
    if not items and not outcomes:
        raise CommandError(f"nothing to apply in {', '.join(targets)}", USAGE)
    for outcome in outcomes:
        tell(outcome, dry_run=dry_run)
    if items:
        with connected() as mesh, Bar(len(items)) as bar:
            for item in items:
                outcomes.append(applied(mesh, item, dry_run=dry_run))
                bar.clear()
                if output is Format.TABLE or outcomes[-1].change is Change.FAILED:
                    tell(outcomes[-1], dry_run=dry_run)
                bar.step()
    if output is Format.TABLE:
        sum_up(outcomes, dry_run=dry_run)
    else:
        print_outcomes(outcomes, output)
    raise typer.Exit(_exit_code({outcome.change for outcome in outcomes}, dry_run=dry_run))


def _exit_code(changes: "set[str]", *, dry_run: bool) -> int:
    if "failed" in changes:
        return FAILED
    return CHANGES if dry_run and changes & {"created", "updated"} else 0
