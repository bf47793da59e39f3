"""The door for parts of a simulation: shipped ones by name, one's own as module:NAME."""
