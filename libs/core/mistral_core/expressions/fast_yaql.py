"""placeholder"""
from __future__ import annotations
from collections.abc import Callable
from typing import Any
from mistral_core.expressions.limits import Limits
from mistral_core.expressions.scope import Scope
Fast = Callable[[Scope], Any]
class Bail(Exception): ...
BAIL=(Bail,)
def compile_tree(tree: Any, limits: Limits) -> Fast | None:
    return None
