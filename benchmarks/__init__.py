"""Measurements that back what the documentation claims; see docs/benchmarks.md."""
