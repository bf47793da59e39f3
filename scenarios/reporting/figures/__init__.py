"""Figures from result tables, one a module; `all_figures` draws all that a table has the data for."""
