"""Data sets: read once by the inspector, laid down as .npy files, mapped read-only by every worker.

* `carelabel.data.formats`: which file is which format; plain values, for the parent too.
* `carelabel.data.prepare`: reads a file, checks it against the metadata, writes the folder (inspector only).
* `carelabel.data.rows`: what workers open: `DataSet` and `Rows`.
"""
