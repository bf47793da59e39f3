"""What all figures are drawn with: their look, curves, names of curves, and captions."""
