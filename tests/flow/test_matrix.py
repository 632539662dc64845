"""Every kind of subject through the whole flow, once, and everything its label must hold."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from carelabel.label.schema import Label
from tests.flow import formulas as f
from tests.flow.answers import ask
from tests.flow.conftest import TWO_PLATFORMS, Labelled, installed
from tests.subjects import SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flow.answers import Answers

CLASSES = {
    "quality.accuracy",
    "quality.balanced-accuracy",
    "quality.confusion-matrix",
    "quality.f1-macro",
    "quality.f1-weighted",
    "quality.per-class",
    "quality.precision-macro",
    "quality.precision-weighted",
    "quality.recall-macro",
    "quality.recall-weighted",
    "witness.agreement",
}
PROBABILITIES = {"quality.log-loss", "quality.roc-auc", "quality.roc-curve"}
DECISION = {"quality.roc-auc-decision"}
VALUES = {"quality.mae", "quality.mape", "quality.max-error", "quality.mse", "quality.r2", "quality.rmse"}
CLUSTERS = {"quality.adjusted-rand", "quality.silhouette"}
OF_A_CANDIDATE = {"resources.size", "resources.parameters"}
OF_A_CELL = {"resources.latency", "witness.modules"}
IN_FRESH_WORKERS = ({"resources.load"}, {"resources.memory"})
"""Of a candidate and of a cell: for the subjects that are measured on all platforms, since they take long."""

EXPECTED: Mapping[str, set[str]] = {
    "binary-text": CLASSES | PROBABILITIES | DECISION,
    "forest": CLASSES | PROBABILITIES,
    "regressor": VALUES,
    "pipeline": CLASSES | PROBABILITIES,
    "clusterer": CLUSTERS,
    "svc": CLASSES | DECISION,
    "onnx-labels": CLASSES,
    "one-row": CLASSES | PROBABILITIES,
}
"""Subject to the tests of its answers; those of resources apply to all. Each is measured for every candidate."""

NOT_DEFINED: Mapping[str, set[tuple[str, str]]] = {
    "binary-text": {("onnx", "roc_auc_decision")},
    "onnx-labels": set(),
    "one-row": {
        *(("original", name) for name in ("roc_auc", "roc_auc_of_class")),
        *(("onnx", name) for name in ("roc_auc", "roc_auc_of_class")),
    },
}
"""Subject to (candidate, quantity) whose value is null: no decision scores in the graph, no ROC curve of one row."""

FEW_CALLS = {"latency_p90", "latency_p95", "latency_p99", "latency_p999"}
"""Null with a reason where a small budget leaves too few calls."""


def candidates(name: str) -> list[str]:
    """The original, its conversion where there is one, and the yardstick of the ratings."""
    converted = ["onnx"] if SUBJECTS[name].__name__ != "onnx_without_probabilities" else []
    yardstick = ["reference"] if name in TWO_PLATFORMS else []
    return ["original", *converted, *yardstick] if "onnx" in installed() else ["original"]


def platforms(labelled: Labelled) -> list[str]:
    """A machine of one processor has cpu-1t only, and says so."""
    ids = [item["id"] for item in labelled.label["platforms"]]
    skips = {skip["code"] for skip in labelled.label["skipped"]}
    if labelled.case.name in TWO_PLATFORMS and "one-processor" not in skips:
        assert ids == ["cpu-all", "cpu-1t"]
    else:
        assert ids == ["cpu-1t"]
    return ids


def subject_of(labelled: Labelled) -> str:
    return labelled.case.name


# ---- cells -----------------------------------------------------------------------------------------------------------


def test_every_planned_cell_is_measured_once(labelled: Labelled) -> None:
    name, plugins = subject_of(labelled), installed() | {"witness"}
    more = IN_FRESH_WORKERS if name in TWO_PLATFORMS else (set(), set())
    of_a_candidate, of_a_cell = EXPECTED[name] | OF_A_CANDIDATE | more[0], OF_A_CELL | more[1]
    wanted: Counter[tuple[str, str | None, str]] = Counter()
    for candidate in candidates(name):
        if candidate != "reference":
            wanted.update((candidate, None, test) for test in of_a_candidate)
        wanted.update((candidate, platform, test) for platform in platforms(labelled) for test in of_a_cell)
    wanted = Counter({key: n for key, n in wanted.items() if key[2].partition(".")[0] in plugins})
    outcomes = labelled.label["outcomes"]
    assert Counter((o["candidate"], o["platform"], o["test"]) for o in outcomes) == wanted
    assert {o["status"] for o in outcomes} == {"measured"}, [o for o in outcomes if o["status"] != "measured"]
    assert labelled.ended.code == 0


def test_whatever_was_left_out_is_named_with_its_rule(labelled: Labelled) -> None:
    skipped = labelled.label["skipped"]
    assert all(skip["what"] and skip["code"] and skip["text"] for skip in skipped)
    left_out = {what.rpartition("/")[2] for skip in skipped for what in skip["what"].split(", ")}
    everything = CLASSES | PROBABILITIES | DECISION | VALUES | CLUSTERS
    expected = everything - EXPECTED[subject_of(labelled)]
    assert {test for test in expected if test.partition(".")[0] in installed() | {"witness"}} <= left_out


def test_the_program_says_the_same_on_stdout_as_in_the_file(labelled: Labelled) -> None:
    assert json.loads(labelled.ended.out) == labelled.label


# ---- figures ---------------------------------------------------------------------------------------------------------


def test_a_figure_is_a_number_with_all_it_needs_or_null_with_a_reason(labelled: Labelled) -> None:
    quantities = labelled.label["quantities"]
    for row in labelled.label["measurements"]:
        assert (row["value"] is None) == bool(row["reason"]), row
        assert f"{row['test']}.{row['quantity']}" in quantities, row
        assert row["unit"], row
        assert row["group"], row
        if row["value"] is None:
            assert row["interval"] is None, row
            continue
        assert math.isfinite(row["value"]), row
        assert row["method"], row
        if row["interval"] is not None:
            low, high = row["interval"]
            assert low <= row["value"] <= high, row
            assert row["level"] >= 0.95, row
            assert row["n"] > 1, row


def test_no_figure_is_there_twice(labelled: Labelled) -> None:
    rows = labelled.label["measurements"]
    keys = [(r["candidate"], r["platform"], r["test"], r["quantity"], tuple(sorted(r["at"].items()))) for r in rows]
    assert [key for key, n in Counter(keys).items() if n > 1] == []


@pytest.mark.needs_plugin("quality")
def test_what_is_null_is_what_cannot_be_had(labelled: Labelled) -> None:
    rows = labelled.label["measurements"]
    null = {(r["candidate"], r["quantity"]) for r in rows if r["value"] is None and r["quantity"] not in FEW_CALLS}
    expected = NOT_DEFINED.get(subject_of(labelled), set())
    assert null == {(candidate, name) for candidate, name in expected if candidate in candidates(subject_of(labelled))}


def test_figures_have_plausible_sizes(labelled: Labelled) -> None:
    """Orders of magnitude that no machine leaves: what breaks them is a wrong unit or a wrong sign."""
    bounds = {"s": (1e-8, 600.0), "B": (0, 20e9), "1/s": (1e-2, 1e10)}
    for row in labelled.label["measurements"]:
        if row["value"] is not None and row["unit"] in bounds:
            low, high = bounds[row["unit"]]
            assert low <= row["value"] <= high, row


def test_time_figures_agree_with_each_other(labelled: Labelled) -> None:
    rows = [row for row in labelled.label["measurements"] if row["test"] == "resources.latency"]
    found: dict[tuple[str, str, int], dict[str, float]] = {}
    for row in rows:
        if row["value"] is not None:
            found.setdefault((row["candidate"], row["platform"], row["at"]["batch"]), {})[row["quantity"]] = row[
                "value"
            ]
    assert ("resources" in installed()) == bool(found)
    for (candidate, _, batch), at in found.items():
        assert at["latency_min"] <= at["latency_p50"], at
        assert at["latency_row"] == pytest.approx(at["latency_p50"] / batch), at
        assert at.get("latency_p90", 0.0) <= at.get("latency_p95", math.inf), at
        assert ("latency_ratio" in at) == (candidate != "original"), at


@pytest.mark.needs_plugin("quality")
def test_figures_are_independent_of_carelabel(labelled: Labelled) -> None:
    answers = ask(labelled.case)
    for quantity, value in independent(labelled.label["subject"]["task"], answers).items():
        for candidate in candidates(subject_of(labelled)):
            if candidate == "reference" or (candidate, quantity) in NOT_DEFINED.get(subject_of(labelled), set()):
                continue
            found = labelled.figure(candidate, quantity)["value"]
            assert found == pytest.approx(value, rel=1e-9 if candidate == "original" else 1e-5, abs=1e-9), quantity


def independent(task: str, answers: Answers) -> dict[str, float]:
    """Quantity to its value by a formula of `formulas`."""
    truth, labels = answers.truth, answers.labels
    if task == "regression":
        return {name: getattr(f, name)(truth, labels) for name in ("mse", "rmse", "mae", "max_error", "mape", "r2")}
    if task == "clustering":
        rows = answers.rows.tolist()
        return {"adjusted_rand": f.adjusted_rand(truth, labels), "silhouette": f.silhouette(rows, labels)}
    values = {
        "accuracy": f.accuracy(truth, labels),
        "agreement": f.accuracy(truth, labels),
        "error_rate": f.error_rate(truth, labels),
        "balanced_accuracy": f.balanced_accuracy(truth, labels),
        **{f"{name}_macro": f.macro(getattr(f, name), truth, labels) for name in ("precision", "recall", "f1")},
        **{f"{name}_weighted": f.weighted(getattr(f, name), truth, labels) for name in ("precision", "recall", "f1")},
    }
    if answers.probabilities is not None:
        values["log_loss"] = f.log_loss(truth, answers.probabilities, answers.classes)
        if len(set(truth)) > 1:
            values["roc_auc"] = f.roc_auc(truth, answers.probabilities, answers.classes)
    if answers.decision is not None:
        positive = [each == answers.classes[1] for each in truth]
        values["roc_auc_decision"] = f.auc(positive, answers.decision)
    return values


def test_figures_of_a_class_are_independent_of_carelabel(labelled: Labelled) -> None:
    if labelled.label["subject"]["task"] != "classification" or "quality" not in installed():
        pytest.skip("there are no classes, or nobody who measures them")
    answers = ask(labelled.case)
    for quantity in ("precision", "recall", "f1"):
        shown = {row["at"]["class"]: row["value"] for row in labelled.figures("original", quantity)}
        assert shown == {
            each: pytest.approx(getattr(f, quantity)(answers.truth, answers.labels, each), abs=1e-12) for each in shown
        }
        assert set(shown) >= set(answers.truth)
    matrix = labelled.figure("original", "error_rate")["detail"]
    assert matrix["values"] == f.confusion(answers.truth, answers.labels, matrix["classes"])


# ---- candidates ------------------------------------------------------------------------------------------------------


def test_every_candidate_is_built_and_has_proof_that_it_is_the_same_model(labelled: Labelled) -> None:
    found = {item["id"]: item for item in labelled.label["candidates"]}
    assert list(found) == candidates(subject_of(labelled))
    assert {item["status"] for item in found.values()} == {"built"}
    assert all(item["sha256"] and item["bytes"] > 0 for item in found.values())
    assert found["original"]["parity"] is None
    if "onnx" in found:
        parity = found["onnx"]["parity"]
        assert parity["class"] == "identical", parity["because"]
        assert parity["rows"] == labelled.case.rows
        assert found["onnx"]["convert_s"] > 0


def test_the_subject_is_described_as_it_is(labelled: Labelled) -> None:
    subject, data = labelled.label["subject"], labelled.label["data"]["test"]
    assert subject["task"] == labelled.case.task
    assert subject["consent"] == ("flag" if labelled.case.executes_code else "none-needed")
    assert subject["bytes"] == labelled.case.model.stat().st_size
    assert data["rows"] == labelled.case.rows
    if data["classes"]:
        assert data["distribution"] == {str(k): n for k, n in Counter(ask(labelled.case).truth).items()}
        assert sum(data["distribution"].values()) == data["rows"]


# ---- the house -------------------------------------------------------------------------------------------------------


def test_the_parent_imports_no_numpy_and_no_framework(labelled: Labelled) -> None:
    heavy = {"numpy", "scipy", "pandas", "sklearn", "joblib", "onnx", "onnxruntime", "skl2onnx", "pyarrow", "torch"}
    assert labelled.modules & heavy == set()
    assert "carelabel" in labelled.modules


def test_a_worker_imports_only_what_its_candidate_needs(labelled: Labelled) -> None:
    seen = {(r["candidate"], r["platform"]): r["detail"] for r in labelled.figures("onnx", "modules")}
    seen |= {(r["candidate"], r["platform"]): r["detail"] for r in labelled.figures("reference", "modules")}
    assert bool(seen) == (candidates(subject_of(labelled)) != ["original"])
    for where, detail in seen.items():
        assert set(detail["modules"]) & {"sklearn", "pandas", "skl2onnx", "torch", "pydantic"} == set(), where
        assert "onnxruntime" in detail["modules"], where
    for row in labelled.figures("original", "modules"):
        framework = {"scikit-learn": "sklearn", "onnx": "onnxruntime"}[labelled.label["subject"]["framework"]]
        assert framework in row["detail"]["modules"]


def test_every_candidate_and_platform_has_a_process_of_its_own(labelled: Labelled) -> None:
    rows = [row for row in labelled.label["measurements"] if row["quantity"] == "modules"]
    assert len({row["detail"]["pid"] for row in rows}) == len(rows)
    assert {len(row["detail"]["affinity"]) for row in rows if row["platform"] == "cpu-1t"} == {1}


def test_no_process_is_left(labelled: Labelled) -> None:
    assert labelled.program.processes() == []


def test_time_is_accounted_for(labelled: Labelled) -> None:
    spent = dict(labelled.label["accounting"])
    total = spent.pop("total")
    assert sum(spent.values()) == pytest.approx(total, rel=0.01, abs=0.05)
    assert all(seconds >= 0 for seconds in spent.values())
    turns = {"turn"} if "resources" in installed() else set()  # which brings the paired test of these labels
    assert {"import", "overhead"} | turns <= set(spent)


def test_the_label_is_what_its_schema_says(labelled: Labelled) -> None:
    written = json.dumps(labelled.label)
    assert len(written) < 1_000_000
    again = Label.model_validate_json(written)
    assert again.to_dict() == labelled.label
    for part in _models(again):
        assert not part.model_extra, f"{type(part).__name__} does not describe {set(part.model_extra)}"


def _models(value: Any) -> list[Any]:
    """All pydantic models inside one, itself included."""
    if isinstance(value, list | tuple):
        return [model for item in value for model in _models(item)]
    if isinstance(value, dict):
        return [model for item in value.values() for model in _models(item)]
    if hasattr(value, "model_extra"):
        return [value, *_models(list(dict(value).values()))]
    return []


def test_the_label_is_kept_and_shown(labelled_as: Callable[[str], Labelled]) -> None:
    labelled = labelled_as("onnx-labels" if "onnx" in installed() else "forest")
    identifier = labelled.label["id"]
    listed = json.loads(labelled.program.run("history", "--json").out)
    assert [item["id"] for item in listed] == [identifier]
    assert json.loads(labelled.program.run("show", identifier, "--json").out) == labelled.label
