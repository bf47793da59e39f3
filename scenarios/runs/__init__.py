"""From a scenario file to what is trained and run: reading, plan, assembly, sweep, training."""
