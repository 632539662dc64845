"""Keras 3 for carelabel: .keras files on Keras' torch back end."""
