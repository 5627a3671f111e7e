"""``mistralctl member``: private workflows shared with other projects."""

from typing import Annotated, Any
from uuid import UUID

import typer

from mistral_cli.connection import Mesh, connected
from mistral_cli.errors import CommandError
from mistral_cli.group import Group
from mistral_cli.listing import listed
from mistral_cli.options import Format, Output
from mistral_cli.printing import done, show, show_all
from mistral_cli.record import record

app = Group(help="Share private workflows with other projects.")

_COLUMNS = ("member_id", "status", "project_id", "workflow_id", "created_at")
_MOST = 1000

_Workflow = Annotated[str, typer.Argument(metavar="WORKFLOW", help="Id of the workflow; of one's own also its name.")]
_Offered = Annotated[str, typer.Argument(metavar="WORKFLOW", help="Id of the workflow that is offered.")]
_Project = Annotated[str, typer.Argument(metavar="PROJECT", help="The other project.")]


@app.command("list", examples=("mistralctl member list deploy",))
def list_(workflow: _Workflow, output: Output = Format.TABLE) -> None:
    """List with whom a workflow is shared: all if it is one's own, otherwise one's own part."""
    with connected() as mesh:
        found = _members(mesh, _id(mesh, workflow))
    show_all([record(one) for one in found], output, _COLUMNS, label="member_id")


@app.command(examples=("mistralctl member create deploy green",))
def create(workflow: _Workflow, project: _Project, output: Output = Format.TABLE) -> None:
    """Offer a workflow to another project, which has yet to accept it."""
    with connected() as mesh:
        made = mesh.workflow_members.CreateWorkflowMember(workflow_id=_id(mesh, workflow), member_id=project).member
    _tell(made, output, f"offered the workflow {workflow} to the project {project}")


@app.command(examples=("mistralctl member accept 5f0c...",))
def accept(workflow: _Offered, output: Output = Format.TABLE) -> None:
    """Accept a workflow that is offered to one's project, which then reads and runs it."""
    _tell(_answered(workflow, "ACCEPTED"), output, f"accepted the workflow {workflow}")


@app.command(examples=("mistralctl member reject 5f0c...",))
def reject(workflow: _Offered, output: Output = Format.TABLE) -> None:
    """Reject a workflow that is offered to one's project."""
    _tell(_answered(workflow, "REJECTED"), output, f"rejected the workflow {workflow}")


@app.command(examples=("mistralctl member delete deploy green",))
def delete(workflow: _Workflow, project: _Project) -> None:
    """End a sharing; what the other project has started goes on."""
    with connected() as mesh:
        mesh.workflow_members.DeleteWorkflowMember(workflow_id=_id(mesh, workflow), member_id=project)
    done(f"the workflow {workflow} is not shared with the project {project} any more")


def _id(mesh: Mesh, workflow: str) -> str:
    try:
        return str(UUID(workflow))
    except ValueError:
        return str(mesh.workflows.GetWorkflow(identifier=workflow).workflow.id)


def _members(mesh: Mesh, workflow: str) -> list[Any]:
    return list(listed(mesh.workflow_members.ListWorkflowMembers, "members", limit=_MOST, workflow_id=workflow))


def _answered(workflow: str, status: str) -> Any:
    with connected() as mesh:
        offers = _members(mesh, workflow)
        if len(offers) != 1:
            raise CommandError(f"the workflow {workflow} is not offered to this project")
        return mesh.workflow_members.UpdateWorkflowMember(
            workflow_id=workflow, member_id=offers[0].member_id, status=f"MEMBER_STATUS_{status}"
        ).member


def _tell(member: Any, output: Format, text: str) -> None:
    if output is Format.TABLE:
        done(text)
    else:
        show(record(member), output, label="member_id")
