"""Points of a sweep, simulated until every node is known well enough."""
