"""The result table, in memory and in a file."""
