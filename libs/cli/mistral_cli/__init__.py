"""mistralctl: the command line of the mesh."""
