"""Actions that are run on their own: each is the one task of a hidden execution, told from others by its workflow."""

from typing import Final

WORKFLOW_ID: Final = "00000000-0000-8000-8000-000000000001"
"""The workflow of such executions; its text stands in the migrations."""

VERSION: Final = 1

HIDDEN: Final = f"e.workflow_id = '{WORKFLOW_ID}'"
"""Condition, of an ``execution e``, that it is such a one."""

SHOWN: Final = f"e.workflow_id <> '{WORKFLOW_ID}'"
"""Condition, of an ``execution e``, that it is a user's own."""
