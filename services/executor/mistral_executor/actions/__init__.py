"""What an action is made of: the one import that a package with actions of its own needs.

An action is an ``async def``, a plain ``def`` or a class, named by an entry point of the group
``mistral_mesh.actions``; its parameters are the action's input. One annotated with ``ActionContext`` is handed the
context of the run and is no input. A class takes the input in its constructor and has ``run(self, context)``.
"""

from mistral_executor.actions.context import ActionContext, CancelToken
from mistral_executor.actions.declaration import action
from mistral_executor.actions.errors import ActionError

__all__ = ["ActionContext", "ActionError", "CancelToken", "action"]
