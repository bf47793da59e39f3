"""The commands of `diffsem`. What one needs is imported when it runs, so that `--help` is instant."""
