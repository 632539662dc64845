"""Plugins: what they declare and how they are found.

For plugin authors: `records` (what to declare), `hookspecs` (where to declare it), `protocols` (what the code behind an
entry looks like); all of it is also importable from `carelabel`. Internal: `discovery`, `registry`, `vocabulary`,
`validation`, `requirements`.
"""
