"""Adapters to public benchmarks: each reads one official format and computes that benchmark's own measures."""
