"""The result file of a sweep: whether it can be gone on with, and how it grows."""
