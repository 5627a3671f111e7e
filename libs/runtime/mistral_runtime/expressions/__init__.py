"""What a service lends to the expressions of workflows: settings, added functions, a clock, processes of their own.

The core evaluates; it knows no clock and no processes. Here is what keeps a hostile expression from taking a service
down: an alarm for what is done in place, and limited processes for everything that is not surely harmless.
"""

from mistral_runtime.expressions.alarm import alarmed
from mistral_runtime.expressions.evaluators import Evaluators, Known, NotYet, remembering
from mistral_runtime.expressions.guard import bounded, guarded
from mistral_runtime.expressions.plugins import added_functions
from mistral_runtime.expressions.settings import ExpressionSettings, applied

__all__ = [
    "Evaluators",
    "ExpressionSettings",
    "Known",
    "NotYet",
    "added_functions",
    "alarmed",
    "applied",
    "bounded",
    "guarded",
    "remembering",
]
