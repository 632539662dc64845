"""The model that is labelled: its facts, its metadata and the template of that, and the list of trusted files."""
