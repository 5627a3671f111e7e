"""Following a running execution: looking at it again and again, and drawing what is seen."""
