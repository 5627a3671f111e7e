"""Which commands there are: title of the section, name, where it is, and its line in the help.

Where it is: ``module`` of ``mistral_cli.commands`` for a group, its ``app``; ``module:function`` for one command.
"""

from collections.abc import Mapping

Section = Mapping[str, tuple[str, str]]

COMMANDS: Mapping[str, Section] = {
    "Run and follow": {
        "run": ("run:run", "Run a workflow and follow it to its result."),
        "watch": ("watch:watch", "Follow an execution, or everything that happens in a project."),
        "execution": ("execution", "Start, follow and steer executions."),
        "task": ("task", "Show tasks; rerun, skip, replay, suspend and resume them."),
        "action-execution": ("action_execution", "Show and complete runs of actions."),
    },
    "Define": {
        "apply": ("apply:apply", "Create or update what files and folders define, and show what changes."),
        "diff": ("apply:diff", "Show what apply would change; nothing is written."),
        "workflow": ("workflow", "Store, show and check workflow definitions."),
        "member": ("member", "Share private workflows with other projects."),
        "workbook": ("workbook", "Store, show and check workbooks."),
        "action": ("action", "List and run actions; store, show and check ad-hoc ones."),
        "environment": ("environment", "Store and show environments."),
        "http-worker": ("http_worker", "Register applications that run actions and are called over HTTP."),
        "fleet": ("fleet", "Keep fleets: temporary workers for executions that ask for them."),
        "cron-trigger": ("cron_trigger", "Have workflows started by the calendar."),
        "event-trigger": ("event_trigger", "Start workflows, or wake up what waits, by events from elsewhere."),
        "event-source": ("event_source", "Have events heard: the bus, queues, webhooks, Alertmanager, mailboxes."),
        "event-binding": ("event_binding", "Say what logical event names stand for."),
        "event": ("event", "Show received events and why triggers fired or did not; make events by hand."),
        "subscription": ("subscription", "Have others told of what happens: webhooks, queues, mail."),
        "code-source": ("code_source", "Store code for dynamic actions, where they are switched on."),
        "dynamic-action": ("dynamic_action", "Name classes of stored code as actions, where that is switched on."),
    },
    "Tools for authors, without a server": {
        "test": ("test:run_tests", "Test workflows, with stubs for their actions."),
        "lint": ("lint:lint", "Find mistakes in workflows and workbooks."),
        "graph": ("graph:graph", "Draw a workflow or an execution."),
        "schema": ("schema:schema", "Print the language as JSON Schema."),
    },
    "The mesh and this program": {
        "up": ("mesh:up", "Run the mesh on this machine."),
        "down": ("mesh:down", "Stop the mesh of a home."),
        "status": ("mesh:status", "Show the processes of a mesh."),
        "api-key": ("api_key", "Create, list and revoke API keys."),
        "worker": ("worker", "Show the workers that are connected."),
        "service": ("service", "Show the services that live, wherever they run."),
        "maintenance": ("maintenance", "Bring the mesh to a standstill for maintenance, and let it work again."),
        "dead-letter": ("dead_letter", "Show deliveries that were given up, and try them anew."),
        "retention": ("retention", "Say how long executions are kept once they have ended."),
        "archive": ("archive", "Read executions that went into the archive."),
        "config": ("config", "Keep addresses and keys of meshes as contexts."),
        "completion": ("completion:completion", "Print the completion script of a shell."),
    },
}
