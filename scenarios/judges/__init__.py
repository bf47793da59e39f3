"""The judges, one file a kind: who labels reconstructed images, and never is part of what is attacked."""
