"""Hummingbird for carelabel: scikit-learn models as tensor programs, traced by torch."""
