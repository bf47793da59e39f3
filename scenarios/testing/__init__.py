"""What every system, channel, data set and attack has to pass, shipped or one's own."""
