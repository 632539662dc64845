"""Makes the labels in this folder: `python tests/labels/make.py [NAME]...` from the root, with everything installed.

Each label is what ``carelabel run`` wrote for a subject of tests/subjects.py or tests/subjects_files.py. Beside it lie
values for the same figures that were found without carelabel on the same machine at the same time
(`tests/labels/independent.py`).
Labels stay as they are from the first release on: later readers must load them. Make new ones beside them then.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from carelabel.label.schema import Label  # noqa: E402 - the path comes first
from tests import subjects, subjects_files  # noqa: E402 - as above
from tests.labels.independent import independent_values  # noqa: E402 - as above

SUBJECTS = {**subjects.SUBJECTS, **subjects_files.SUBJECTS}

LABELS = {
    "forest": ("forest", "wide"),
    "forest-forms": ("forest", "forms"),
    "forest-quantised": ("forest", "deep"),
    "binary-text": ("binary-text", "narrow"),
    "svc": ("svc", "narrow"),
    "regressor": ("regressor", "narrow"),
    "clusterer": ("clusterer", "narrow"),
    "pipeline": ("pipeline", "narrow"),
    "onnx-labels": ("onnx-labels", "narrow"),
    **{name: (name, "own") for name in subjects_files.SUBJECTS},
}
"""Name of the label to its subject and its suite."""


def make(name: str) -> None:
    """Run the program on a subject and write its label, and what is known of it without carelabel."""
    subject, suite = LABELS[name]
    with tempfile.TemporaryDirectory() as folder:
        case = SUBJECTS[subject](Path(folder) / "subject")
        words = ["run", case.model.name, "--meta", "meta.yaml", "--suite", HERE / f"{suite}.yaml", "-q"]
        written = Path(folder) / "label.json"
        done = subprocess.run(
            [sys.executable, "-m", "carelabel", *map(str, words), "--trust-pickle", "-o", str(written)],
            cwd=case.model.parent,
            env={**os.environ, "CARELABEL_HOME": str(Path(folder) / "home")},
            stdout=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode not in {0, 1}:
            sys.exit(f"{name}: carelabel ended with {done.returncode}")
        (HERE / f"{name}.label.json").write_bytes(written.read_bytes())
        label = Label.model_validate_json(written.read_text(encoding="utf-8"))
        planned = {outcome.test for outcome in label.outcomes}
        values = [row for row in independent_values(case) if row["test"] in planned]
    (HERE / f"{name}.independent.json").write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for each in sys.argv[1:] or LABELS:
        make(each)
