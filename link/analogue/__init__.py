"""Features sent as they are: real symbols in noise, at the receiver and at the eavesdropper."""
