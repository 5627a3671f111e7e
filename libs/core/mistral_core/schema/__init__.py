"""The language as JSON Schema, made from the parser's own tables, so that editors complete and check definitions.

* ``parts``: which parts the language has, and the sentence on each key
* ``kinds``: what each kind of value looks like as a schema
* ``documents``: the schema of a whole document of each kind
* ``tests``: the schema of test files, made from the tables of ``mistral_core.stubrun``

The schema accepts whatever the parser accepts. The parser refuses more: broken expressions, unknown tasks and the like.
"""

from mistral_core.schema.documents import KINDS, schema_of

__all__ = ["KINDS", "schema_of"]
