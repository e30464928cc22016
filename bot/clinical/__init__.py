"""The clinical core: pure functions over plain values. No I/O, no clock, no database, no web."""
