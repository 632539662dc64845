from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from carelabel.base import linux
from carelabel.measure.memory import GREW, RESET, Reader, peak_of, resident

MIB = 1 << 20

ALLOCATE = """
import json
from carelabel.measure.memory import peak_of, resident

def touch():
    block = bytearray(100 << 20)
    block[:: 4096] = b"x" * len(block[:: 4096])
    return len(block)

before = resident()
size, peak = peak_of(touch)
print(json.dumps({"size": size, "peak": peak.bytes, "method": peak.method, "resident": before}))
"""

BIG_PARENT = f"""
import subprocess, sys
block = bytearray(500 << 20)
block[:: 4096] = b"x" * len(block[:: 4096])
print(subprocess.run([sys.executable, "-c", {ALLOCATE!r}], check=True, capture_output=True, text=True).stdout)
"""

needs_clear_refs = pytest.mark.skipif(not linux.reset_peak(), reason="this kernel has no clear_refs")


def run(program: str) -> Any:
    return json.loads(
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    )


@needs_clear_refs
@pytest.mark.parametrize("program", [ALLOCATE, BIG_PARENT], ids=["alone", "child of a 500 MiB parent"])
def test_an_allocation_of_100_mib_is_read_within_two_per_cent(program: str) -> None:
    found = run(program)
    assert found["size"] == 100 * MIB
    assert found["peak"] == pytest.approx(100 * MIB, rel=0.02)
    assert found["method"] == RESET


@needs_clear_refs
def test_an_earlier_and_higher_peak_does_not_hide_a_later_one() -> None:
    earlier = "block = bytearray(300 << 20); block[:: 4096] = b'x' * len(block[:: 4096]); del block"
    assert run(f"{earlier}\n{ALLOCATE}")["peak"] == pytest.approx(100 * MIB, rel=0.02)


@dataclass
class FakeMemory:
    """VmRSS and VmHWM as a kernel keeps them; `clear` is what it says to a reset."""

    rss: int
    hwm: int
    clear: bool | None = True

    def touch(self, size: int) -> Any:
        self.hwm = max(self.hwm, self.rss + size)
        return size

    def reset(self) -> Any:
        if self.clear:
            self.hwm = self.rss
        return self.clear

    @property
    def reader(self) -> Any:
        return Reader(resident=lambda: self.rss, peak=lambda: self.hwm, reset=self.reset)


def test_the_result_of_the_call_comes_back_with_the_peak() -> None:
    memory = FakeMemory(rss=100, hwm=100)
    assert peak_of(lambda: memory.touch(40), memory.reader) == (40, peak_of(lambda: memory.touch(40), memory.reader)[1])


@pytest.mark.parametrize(
    ("clear", "hwm", "value", "method"),
    [
        (True, 900, 40, RESET),  # the reset took the earlier peak of 900 away
        (False, 100, 40, GREW),  # refused, but the peak of the whole life rose
        (None, 120, 40, GREW),  # no such file
    ],
)
def test_the_peak_over_resident_memory_with_and_without_a_reset(
    clear: bool | None, hwm: int, value: Any, method: str
) -> None:
    memory = FakeMemory(rss=100, hwm=hwm, clear=clear)
    _, peak = peak_of(lambda: memory.touch(40), memory.reader)
    assert (peak.bytes, peak.method, peak.reason) == (value, method, None)


def test_below_an_earlier_peak_without_a_reset_nothing_is_invented() -> None:
    memory = FakeMemory(rss=100, hwm=900, clear=False)
    _, peak = peak_of(lambda: memory.touch(40), memory.reader)
    assert peak.bytes is None
    assert peak.reason == "the kernel has no clear_refs, and the call stayed below an earlier peak of this process"
    assert "fall-back" in peak.method


def test_a_system_without_these_figures_gives_none_with_a_reason() -> None:
    reader = Reader(resident=lambda: None, peak=lambda: None, reset=lambda: None)
    _, peak = peak_of(lambda: None, reader)
    assert peak.bytes is None
    assert peak.reason == "this system does not tell a process its own peak memory"
    assert resident(reader) is None


def test_resident_memory_of_this_process_is_plausible() -> None:
    found = resident()
    assert found is None or 5 * MIB < found < 64 * 1024 * MIB
