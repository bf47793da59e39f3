"""What a Python program or a notebook calls: sweeps and trainings with progress bars, parts loaded by name."""
