"""REST ``/v2`` as Mistral's clients know it: one module per resource, each a face of the operations.

A resource module lists its endpoints as ``Operation`` records; the routes and the OpenAPI document are both made
from them. Add a resource: write its module, name it in ``application``.
"""
