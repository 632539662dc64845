"""What is reused from earlier runs: converted artefacts and the facts of an inspection, under one kind of key."""
