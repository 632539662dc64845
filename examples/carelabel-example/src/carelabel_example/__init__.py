"""A plugin of carelabel in a package of its own: one test, one metric, one converter."""
