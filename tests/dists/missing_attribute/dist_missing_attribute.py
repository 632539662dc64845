"""Has not what its entry point names."""
