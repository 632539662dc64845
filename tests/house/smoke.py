"""Run by the session ``plugins`` where nothing but the wheel is installed: what it must carry, and that it works."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import carelabel
from carelabel.plan.suite import load_suite, suite_folder
from carelabel.plugin.discovery import discover

HEAVY = ("numpy", "scipy", "pandas", "sklearn", "onnxruntime", "torch")


def main() -> None:
    home = Path(carelabel.__file__).parent
    if "site-packages" not in home.parts:
        sys.exit(f"the wheel must be tested, got {home}")
    registry = discover(strict=True)
    print(f"{len(registry.records)} records from {', '.join(info.name for info in registry.plugins)}")
    for path in sorted(suite_folder().glob("*.yaml")):
        load_suite(path.stem)
    if not suite_folder().is_relative_to(home):
        sys.exit(f"configs must come with the wheel, got {suite_folder()}")
    imported = [name for name in HEAVY if name in sys.modules]
    if imported:
        sys.exit(f"the parent process must import no framework, got {', '.join(imported)}")
    for words in (["--help"], ["list-tests", "--json"], ["plugins", "list"], ["schema"], ["doctor"]):
        subprocess.run([sys.executable, "-m", "carelabel", *words], check=True, stdout=subprocess.DEVNULL)
    print(f"carelabel {metadata.version('carelabel')} works from {home}")


if __name__ == "__main__":
    main()
