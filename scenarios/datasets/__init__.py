"""Data sets: images and labels, and who may see which."""
