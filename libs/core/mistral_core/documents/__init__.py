"""What a file of an author holds: which kind of document it is, and all that is in it, checked.

For tools that are given files and not told what is in them. The kinds are those of ``Kind``; their rules are those of
``mistral_core.language``, nothing is decided here.
"""

from mistral_core.documents.read import Document, Kind, read_document

__all__ = ["Document", "Kind", "read_document"]
