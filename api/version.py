"""The version of the package: set here by hand at a release, and nowhere else."""

__version__ = "0.2.0"
