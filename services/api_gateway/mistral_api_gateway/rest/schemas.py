"""Schemas of the OpenAPI document that are not made of a resource: what requests hold, and small answers.

What holds JSON may be sent as a value or as a string; answers always have the string.
"""

from collections.abc import Mapping
from typing import Any, Final

from mistral_api_gateway.rest.cron_schemas import CRON_SCHEMAS
from mistral_api_gateway.rest.event_schemas import EVENT_SCHEMAS, REACTING
from mistral_api_gateway.rest.subscription_schemas import SUBSCRIPTION_SCHEMAS
from mistral_api_gateway.rest.worker_schemas import WORKER_SCHEMAS

TEXT: Final[dict[str, Any]] = {"type": "string"}
_NAME: Final[dict[str, Any]] = {"type": "string", "minLength": 1, "maxLength": 255}
_FLAG: Final[dict[str, Any]] = {"type": "boolean"}
_UUID: Final[dict[str, Any]] = {"type": "string", "format": "uuid"}
_OBJECT: Final[dict[str, Any]] = {"type": ["object", "string"]}
_COUNT: Final[dict[str, Any]] = {"type": "integer"}
_LIST: Final[dict[str, Any]] = {"type": "array", "items": {"type": "object"}}
_SCOPE: Final[dict[str, Any]] = {"enum": ["private", "public"]}
_STATES: Final = ["RUNNING", "PAUSED", "SUCCESS", "ERROR", "CANCELLED"]
_COUNTS: Final = ("total", "running", "success", "error", "idle", "paused")

SCHEMAS: Final[dict[str, Any]] = {
    "Fault": {
        "type": "object",
        "properties": {
            "faultcode": {"enum": ["Client", "Server"]},
            "faultstring": TEXT,
            "debuginfo": {"type": ["string", "null"]},
        },
        "required": ["faultcode", "faultstring", "debuginfo"],
        "additionalProperties": False,
    },
    "TextFault": {
        "type": "object",
        "properties": {"faultstring": TEXT},
        "required": ["faultstring"],
        "additionalProperties": False,
    },
    "Validity": {"type": "object", "properties": {"valid": _FLAG, "error": TEXT}, "required": ["valid"]},
    "Versions": {"type": "object", "properties": {"versions": {"type": "array", "items": {"type": "object"}}}},
    "Version": {"type": "object", "properties": {"uri": TEXT}},
    "Services": {
        "type": "object",
        "properties": {
            "services": {"type": "array", "items": {"type": "object", "properties": {"name": TEXT, "type": TEXT}}}
        },
    },
    "Maintenance": {"type": "object", "properties": {"status": {"enum": ["RUNNING", "PAUSING", "PAUSED"]}}},
    "MaintenanceChange": {
        "type": "object",
        "properties": {"status": {"enum": ["RUNNING", "PAUSED"]}},
        "required": ["status"],
    },
    "Info": {"description": "Whatever the operator says"},
    "Health": {
        "type": "object",
        "properties": {"healthy": _FLAG, "postgres": TEXT, "bus": TEXT, "engine": TEXT},
    },
    "Report": {
        "type": "object",
        "properties": {
            "statistics": {
                "type": "object",
                "properties": {
                    **{f"{kind}_tasks_count": _COUNT for kind in _COUNTS},
                    "estimated_time": {**_COUNT, "description": "Seconds left; 0 when it does not run, -1 if unknown"},
                },
            },
            "root_workflow_execution": {"$ref": "#/components/schemas/ReportedExecution"},
        },
    },
    "ReportedExecution": {
        "type": "object",
        "properties": {
            **dict.fromkeys(("id", "name", "state", "created_at", "updated_at"), TEXT),
            "state_info": {"type": ["string", "null"]},
            "task_executions": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        **dict.fromkeys(("id", "name", "state", "created_at", "updated_at"), TEXT),
                        "state_info": {"type": ["string", "null"]},
                        "retry_count": _COUNT,
                        "action_executions": _LIST,
                        "workflow_executions": {
                            "type": "array",
                            "items": {"$ref": "#/components/schemas/ReportedExecution"},
                        },
                    },
                },
            },
        },
    },
    "ExecutionStart": {
        "type": "object",
        "description": "Of workflow_id, workflow_name and source_execution_id one is needed.",
        "anyOf": [{"required": [name]} for name in ("workflow_id", "workflow_name", "source_execution_id")],
        "properties": {
            "id": {**_UUID, "description": "Makes a repeat give the first execution"},
            "workflow_id": {**TEXT, "description": "Id or name"},
            "workflow_name": TEXT,
            "workflow_namespace": TEXT,
            "source_execution_id": _UUID,
            "description": TEXT,
            "input": _OBJECT,
            "params": {**_OBJECT, "description": "Such as env, task_name, notify, evaluate_env, namespace"},
        },
    },
    "ExecutionChange": {
        "type": "object",
        "description": "A state, a description, or params.env; the last also with the state RUNNING.",
        "properties": {
            "state": {"enum": _STATES},
            "state_info": {**TEXT, "description": "Why it is stopped"},
            "description": TEXT,
            "params": {**_OBJECT, "description": "Only env is looked at"},
        },
    },
    "MemberCreation": {
        "type": "object",
        "properties": {"member_id": {**TEXT, "description": "Project to share the workflow with"}},
        "required": ["member_id"],
    },
    "MemberChange": {
        "type": "object",
        "properties": {"status": {"enum": ["pending", "accepted", "rejected"]}},
        "required": ["status"],
    },
    "EnvironmentChange": {
        "type": "object",
        "properties": {"name": _NAME, "description": TEXT, "variables": _OBJECT, "scope": _SCOPE},
        "required": ["name"],
    },
    "HttpWorkerChange": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 200},
            "description": TEXT,
            "url": {**TEXT, "description": "Where it is called, http or https"},
            "actions": {"type": ["array", "string"], "description": "What it offers", "items": {"type": "object"}},
            "queues": {"type": "array", "items": TEXT},
            "labels": _OBJECT,
            "headers": {**_OBJECT, "description": "Headers of every call; their values are not shown again"},
            "secret": {**TEXT, "description": "What calls are signed with; never shown"},
            "concurrency": {"type": "integer", "minimum": 1, "maximum": 1000},
            "timeout_seconds": {"type": "integer", "minimum": 1, "maximum": 3600},
            "lease_seconds": {"type": "integer", "minimum": 10, "maximum": 604800},
            "attempts": {"type": "integer", "minimum": 1, "maximum": 20},
            "enabled": _FLAG,
        },
        "required": ["name"],
    },
    "FleetChange": {
        "type": "object",
        "properties": {
            "name": _NAME,
            "description": TEXT,
            "driver": {"enum": ["process", "kubernetes"]},
            "template": {**_OBJECT, "description": "How to start a worker; what is in it depends on the driver"},
            "most_workers": {"type": "integer", "minimum": 1, "maximum": 1000},
            "slots": {"type": "integer", "minimum": 1, "maximum": 1000},
            "idle_seconds": {"type": "integer", "minimum": 1, "maximum": 86400},
            "scope": _SCOPE,
        },
        "required": ["name"],
    },
    **CRON_SCHEMAS,
    "EventTriggerCreation": {
        "type": "object",
        "properties": {
            "name": TEXT,
            "workflow_id": _UUID,
            "workflow_input": _OBJECT,
            "workflow_params": _OBJECT,
            "exchange": {**TEXT, "description": "Where the event comes from"},
            "topic": {**TEXT, "description": "What is listened to there"},
            "event": {**TEXT, "description": "Type of the event"},
            "scope": _SCOPE,
            "matching": {"type": "string", "enum": ["exact", "glob"]},
            "reaction": {"type": "string", "enum": ["start", "resume", "complete"]},
            **REACTING,
        },
        "required": ["exchange", "topic", "event"],
    },
    "EventTriggerChange": {
        "type": "object",
        "description": "What is not sent stays as it is; exchange, topic and event always do.",
        "properties": {
            "name": TEXT,
            "workflow_id": _UUID,
            "workflow_input": _OBJECT,
            "workflow_params": _OBJECT,
            "scope": _SCOPE,
            **REACTING,
        },
    },
    **EVENT_SCHEMAS,
    **SUBSCRIPTION_SCHEMAS,
    **WORKER_SCHEMAS,
    "DynamicActionChange": {
        "type": "object",
        "description": "A new one has a name, a class and its code; a change names the action by id or name.",
        "anyOf": [{"required": ["id"]}, {"required": ["name"]}],
        "properties": {
            **dict.fromkeys(("id", "name", "class_name", "code_source_id", "code_source_name", "namespace"), TEXT),
            "scope": _SCOPE,
        },
    },
    "ActionRun": {
        "type": "object",
        "properties": {
            "name": _NAME,
            "input": _OBJECT,
            "description": TEXT,
            "workflow_namespace": TEXT,
            "params": {**_OBJECT, "description": "run_sync, save_result, target, timeout"},
        },
        "required": ["name"],
    },
    "TaskChange": {
        "type": "object",
        "properties": {
            "state": {"enum": ["RUNNING", "SKIPPED", "PAUSED"]},
            "replay": _FLAG,
            "reset": _FLAG,
            "env": _OBJECT,
        },
        "required": ["state"],
    },
    "ActionChange": {
        "type": "object",
        "properties": {
            "state": {"enum": _STATES},
            "output": _OBJECT,
        },
        "required": ["state"],
    },
}


def uploaded(workflow: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schemas of answers to uploads of workflows, in which ``interface`` is no string."""
    interface = {"type": "object", "properties": {"input": {"type": "array"}, "output": {"type": "array"}}}
    one = {**workflow, "properties": {**workflow["properties"], "interface": interface}}
    several = {"type": "array", "items": {"$ref": "#/components/schemas/UploadedWorkflow"}}
    return {
        "UploadedWorkflow": one,
        "UploadedWorkflows": {"type": "object", "properties": {"workflows": several}, "required": ["workflows"]},
    }
