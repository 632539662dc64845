"""What leaves a run: a candidate's files, or a model converted for another place."""
