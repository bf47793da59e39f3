"""A benchmark of private semantic communication: named threats, a fixed suite of attacks, one file an entry."""
