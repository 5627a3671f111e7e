"""Child processes for code that nobody vouches for: started without our environment, limited, and killed when late.

``workers`` and ``worker`` are the executor's side. The other modules run in the child, which imports nothing else of
ours: whatever it may get hold of, there are no settings, no connections and no secrets in it.
"""
