"""YAQL and Jinja inside workflow definitions.

The libraries ``yaql`` and ``jinja2`` define what an expression means. This
package gives them the data and functions of the workflow language, bounds what
they may take, and turns what they yield into plain JSON values.

* ``evaluator``: texts and structures that hold expressions; what others call
* ``scope``: what an expression can see
* ``functions``: ``task()``, ``env()`` and the others, for both languages
* ``isolation``: what a shell lends to keep a hostile expression away from itself
* ``yaql_*``, ``jinja_*``: one language each; ``fast_*`` the short ways past them
"""

from mistral_core.errors import ExpressionFailed
from mistral_core.expressions.evaluator import (
    check,
    compiled_render,
    configure,
    evaluate,
    failure_of,
    install,
    is_expression,
    render,
)
from mistral_core.expressions.isolation import Isolation, isolate, patiently
from mistral_core.expressions.limits import Limits
from mistral_core.expressions.scope import Facts, Scope

__all__ = [
    "ExpressionFailed",
    "Facts",
    "Isolation",
    "Limits",
    "Scope",
    "check",
    "compiled_render",
    "configure",
    "evaluate",
    "failure_of",
    "install",
    "is_expression",
    "isolate",
    "patiently",
    "render",
]
