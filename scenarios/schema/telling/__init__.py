"""What is told of values that a model refuses: in the words of a scenario file."""
