"""How things look: `columns` for short lists (no rich, so that they are fast), `text` for a label on a terminal."""
