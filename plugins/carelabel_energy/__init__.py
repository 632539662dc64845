"""Energy of predictions, and readers of other tools' figures. `plugin.py` declares them."""
