"""What a type annotation means: a JSON Schema for others, and a reader that turns a JSON value into the type."""

from mistral_sdk.shapes.shape import Shape
from mistral_sdk.shapes.types import Shapes

__all__ = ["Shape", "Shapes"]
