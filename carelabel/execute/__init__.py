"""Executing a plan: the local executor, its phases, the journal and the workspace. Runs in the parent."""
