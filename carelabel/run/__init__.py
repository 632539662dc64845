"""Running a plan: the parent's side (`session`, `schedule`, `journal`) and the workers' side (`worker`, `ops_*`).

The parent imports nothing of the workers' side; what both share is in `protocol`.
"""
