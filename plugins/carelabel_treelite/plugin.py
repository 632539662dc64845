"""Backends and converters of Treelite and TL2cgen. Their formats are artefacts: no file of a user's is loaded."""

from __future__ import annotations

from carelabel import Backend, Converter, hookimpl

TASKS = frozenset({"classification", "regression"})
FRAMEWORKS = frozenset({"scikit-learn", "xgboost", "lightgbm"})
FAMILIES = frozenset(
    {"decision-tree", "random-forest", "extra-trees", "gradient-boosting", "hist-gradient-boosting"},
)
SOURCES = frozenset(
    {
        *("sklearn-pickle", "sklearn-joblib", "sklearn-skops"),
        *("xgboost-json", "xgboost-ubj", "lightgbm-text"),
    },
)
TREELITE = "treelite>=4.4.1"
TL2CGEN = "tl2cgen>=1.0"
TOLERANCE = (
    "probabilities of several classes come from a float32 softmax: about 1e-7; a category that the training data did "
    "not hold can be sent another way"
)


@hookimpl
def carelabel_backends() -> list[Backend]:
    """GTIL, and shared objects that TL2cgen's C was compiled to."""
    return [
        Backend(
            name="gtil",
            summary="tree models on Treelite's general inference library",
            usage="import treelite; answers = treelite.gtil.predict(treelite.Model.deserialize(path), rows)",
            entry="carelabel_treelite.gtil:GtilBackend",
            tasks=TASKS,
            frameworks=frozenset({"treelite"}),
            families=FAMILIES,
            requires=(TREELITE,),
            formats=frozenset({"treelite"}),
            suffixes=(),
            framework="treelite",
        ),
        Backend(
            name="compiled",
            summary="tree models as shared objects, compiled from C",
            usage="import tl2cgen; answers = tl2cgen.Predictor(path).predict(tl2cgen.DMatrix(rows))",
            entry="carelabel_treelite.compiled:CompiledBackend",
            tasks=TASKS,
            frameworks=frozenset({"tl2cgen"}),
            families=FAMILIES,
            requires=(TREELITE, TL2CGEN),
            formats=frozenset({"tl2cgen"}),
            suffixes=(),
            framework="tl2cgen",
            executes_code=True,
        ),
    ]


@hookimpl
def carelabel_converters() -> list[Converter]:
    """Tree models to Treelite checkpoints, and to compiled C."""
    return [
        Converter(
            name="checkpoint",
            summary="tree models of scikit-learn, XGBoost and LightGBM as Treelite checkpoints",
            entry="carelabel_treelite.convert:convert",
            tasks=TASKS,
            frameworks=FRAMEWORKS,
            families=FAMILIES,
            requires=(TREELITE,),
            cost="cheap",
            source=SOURCES,
            target="treelite",
            conversion="format",
            slug="treelite",
            lossless=True,
            tolerance=TOLERANCE,
        ),
        Converter(
            name="compile",
            summary="tree models as C by TL2cgen, compiled on all processors",
            entry="carelabel_treelite.compiling:convert",
            tasks=TASKS,
            frameworks=FRAMEWORKS,
            families=FAMILIES,
            needs=frozenset({"compiler"}),
            requires=(TREELITE, TL2CGEN),
            cost="expensive",
            source=SOURCES,
            target="tl2cgen",
            conversion="format",
            slug="tl2cgen",
            lossless=True,
            tolerance=TOLERANCE,
            timeout_s=600.0,
            memory_bytes=8 << 30,
        ),
    ]
