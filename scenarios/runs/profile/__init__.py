"""Where the time of a sweep goes, and how it is computed fastest: measured."""
