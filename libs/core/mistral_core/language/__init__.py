"""The workflow language: from text to checked, immutable values.

``parse_workflows``, ``parse_workbook`` and ``parse_actions`` read what a user sends and refuse it with
``InvalidDefinition``, which says what is wrong where. ``workflow_from_text`` reads back what was stored. ``model`` is
what comes out; ``keys`` says, as data, which keys there are. Nothing here runs a workflow.
"""

from mistral_core.language.model import AdhocAction, Parameter, Task, Workbook, Workflow
from mistral_core.language.parse import ParsedAction, ParsedWorkflow, parse_actions, parse_workflows
from mistral_core.language.stored import action_from_text, input_text, interface, signature_text, workflow_from_text
from mistral_core.language.workbooks import parse_workbook

__all__ = [
    "AdhocAction",
    "Parameter",
    "ParsedAction",
    "ParsedWorkflow",
    "Task",
    "Workbook",
    "Workflow",
    "action_from_text",
    "input_text",
    "interface",
    "parse_actions",
    "parse_workbook",
    "parse_workflows",
    "signature_text",
    "workflow_from_text",
]
