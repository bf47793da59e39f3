"""From a scenario's words to channels, receptions and the wiretap link."""
