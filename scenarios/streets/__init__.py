"""Streets: what is to be ray-traced, by whom, and the file of channels that it makes."""
