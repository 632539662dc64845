"""How far a candidate is still the same model."""
