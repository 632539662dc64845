"""What can be run on a checkout: ``python -m pip install nox && nox -s tests`` needs nothing else.

lint, types, tests, demo, bench and docs share one environment, `.nox/carelabel`, so that the frameworks are installed
once. It is brought up to date when pyproject.toml or constraints.txt has changed.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tomllib
from pathlib import Path

import nox

ROOT = Path(__file__).parent
CONSTRAINTS = ("-c", str(ROOT / "constraints.txt"))
SHARED = ROOT / ".nox" / "carelabel"
EXAMPLE = ROOT / "examples" / "carelabel-example"

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["lint", "types", "tests", "plugins"]


def project() -> dict:
    """The contents of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def shared(session: nox.Session) -> Path:
    """The folder of programs of the shared environment: this checkout, editable, every extra and every tool, pinned."""
    programs = SHARED / ("Scripts" if os.name == "nt" else "bin")
    stamp = SHARED / "installed"
    wanted = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")))
    if not stamp.is_file() or stamp.read_text() != wanted.hexdigest():
        groups = nox.project.dependency_groups(project(), "bench", "build", "lint", "test", "types")
        pip = (str(programs / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check")
        session.run(sys.executable, "-m", "venv", str(SHARED), external=True)
        session.run(*pip, *groups, *CONSTRAINTS, external=True)
        session.run(*pip, "--no-build-isolation", "-e", ".[all]", *CONSTRAINTS, external=True)
        stamp.write_text(wanted.hexdigest())
    return programs


@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """Check style, format and the direction of imports."""
    programs = shared(session)
    session.run(str(programs / "ruff"), "check", ".", external=True)
    session.run(str(programs / "ruff"), "format", "--check", ".", external=True)
    session.run(str(programs / "lint-imports"), external=True)


@nox.session(venv_backend="none")
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    session.run(str(shared(session) / "mypy"), external=True)


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """Run the tests; ``nox -s tests -- --slow`` runs all of them, any other argument goes to pytest."""
    session.run(str(shared(session) / "pytest"), *session.posargs, external=True)


@nox.session(venv_backend="none")
def demo(session: nox.Session) -> None:
    """Train a random forest on MNIST, label it and print the label."""
    carelabel = str(shared(session) / "carelabel")
    folder = Path(session.create_tmp()).resolve() / "demo"
    model, meta, label = (str(folder / name) for name in ("model.pkl", "meta.yaml", "label.json"))
    session.run(carelabel, "demo", str(folder), external=True)
    options = ("--meta", meta, "--trust-pickle", "-o", label, *session.posargs)
    session.run(carelabel, "run", model, *options, external=True)


@nox.session(venv_backend="none")
def bench(session: nox.Session) -> None:
    """Run the benchmarks that back the README's figures: all, or those named, as in ``nox -s bench -- startup``."""
    known = {path.stem: path for path in sorted((ROOT / "benchmarks").glob("[!_]*.py"))}
    unknown = [name for name in session.posargs if name not in known]
    if unknown:
        session.error(f"a benchmark must be one of {', '.join(known)}, got {', '.join(unknown)}")
    python = str(shared(session) / "python")
    for name in session.posargs or known:
        session.run(python, str(known[name]), external=True)


@nox.session(venv_backend="none")
def docs(session: nox.Session) -> None:
    """Write the generated parts of README.md anew; a test checks that they are up to date."""
    session.run(str(shared(session) / "python"), str(ROOT / "tests" / "house" / "generated.py"), external=True)


@nox.session
def plugins(session: nox.Session) -> None:
    """Build the wheels; install carelabel alone, then a third party's plugin, and run the conformance kit on that."""
    wheels = Path(session.create_tmp()).resolve() / "wheels"
    for source in (ROOT, EXAMPLE):
        session.run("python", "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(wheels), str(source))
    session.chdir(session.create_tmp())  # nothing of the checkout may be importable
    session.install(*map(str, wheels.glob("carelabel-*.whl")), *CONSTRAINTS)
    session.run("python", str(ROOT / "tests" / "house" / "smoke.py"))
    session.run("carelabel", "list-tests")
    session.install(*map(str, wheels.glob("carelabel_example-*.whl")), "pytest", *CONSTRAINTS)
    session.run("pytest", "-p", "no:cacheprovider", str(EXAMPLE / "tests"))
    session.run("carelabel", "plugins", "check", "example")


@nox.session
def minimums(session: nox.Session) -> None:
    """Run the tests with the lowest version of everything that pyproject.toml declares."""
    session.install(*lowest(project()))
    session.install("--no-deps", "-e", ".")
    session.run("pytest", "-W", "default", *session.posargs)


def lowest(declared: dict) -> list[str]:
    """``name==version`` for each lower bound of the dependencies, of all extras and of the group test."""
    from packaging.requirements import Requirement  # noqa: PLC0415 - comes with nox, and only this needs it

    extras = declared["project"]["optional-dependencies"].values()
    texts = [*declared["project"]["dependencies"], *(text for extra in extras for text in extra)]
    texts += nox.project.dependency_groups(declared, "test")
    bounds = {}
    for requirement in map(Requirement, texts):
        if requirement.name != declared["project"]["name"]:
            (bounds[requirement.name],) = [item.version for item in requirement.specifier if item.operator == ">="]
    return [f"{name}=={version}" for name, version in sorted(bounds.items())]
