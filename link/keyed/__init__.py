"""A key that transmitter and receiver share: keystreams, and the sessions that number them. No TensorFlow here."""
