"""Energy counters of processors and their memory, as Linux shows them under powercap."""
