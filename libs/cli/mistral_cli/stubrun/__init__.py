"""``mistralctl test``: finds test files, has their cases performed, and prints how they went."""
