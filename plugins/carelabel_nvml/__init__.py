"""Energy of NVIDIA devices, through their management library."""
