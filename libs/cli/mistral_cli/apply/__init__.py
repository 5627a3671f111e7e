"""Bringing the mesh to what files say: reading the files, comparing them with what is stored, changing what differs."""
