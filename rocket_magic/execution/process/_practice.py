"""Floor 4: imported by workers that are made ahead, for the sake of importing something.

A run whose function is in a module of the user's own imports that; the first import in a process
costs several times what later ones do.
"""
