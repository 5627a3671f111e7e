"""The one error of the mesh: something a person has to put right, said in a sentence."""


class MeshError(Exception):
    """The mesh cannot do what was asked; the text says why and what to do about it."""
