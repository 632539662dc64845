"""The inspector as the parent sees it: the model is loaded once in a worker, and what it found is checked."""
