"""Recipes of training: what is learnt, on whose images, in which order."""
