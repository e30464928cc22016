"""Measurements that take a quiet machine and a browser; their results are in `reports/`."""
