"""What a model costs to run: time, memory, size. `plugin.py` declares the tests, each other file is one of them."""
