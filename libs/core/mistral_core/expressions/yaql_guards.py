"""placeholder"""
from typing import Any
from mistral_core.expressions.limits import Limits
def register(root: Any, limits: Limits) -> None:
    return None
