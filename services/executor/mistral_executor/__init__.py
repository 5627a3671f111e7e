"""The executor: runs actions and reports their results."""
