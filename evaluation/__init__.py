"""Measured quality: data that the assistant was never shown, and the programs that score it."""
