"""The networks: those of the paper's tables, of its baselines, of the reference system and of eavesdroppers."""

from diffsem.models.networks import mnist as mnist  # a public name of the package above, as a module
