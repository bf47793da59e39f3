"""A result table as people read it: statistics, tables and figures."""
