"""Short forms of a scenario's values, and the long ones that they stand for."""
