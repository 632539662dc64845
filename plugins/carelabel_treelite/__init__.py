"""Treelite for carelabel: tree models in its own engine (GTIL), and compiled to machine code by way of C (TL2cgen)."""
