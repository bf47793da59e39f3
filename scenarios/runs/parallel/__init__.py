"""Points side by side: worker processes of this machine, or a Dask cluster."""
