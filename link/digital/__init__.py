"""Bits over the same channels: modulation, coding, and what the bits stand for."""
