"""Where the time of a sweep goes."""
