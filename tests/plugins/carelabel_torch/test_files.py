"""Files that are no network say in one line what they are, and what can be done."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from carelabel.errors import LoadError
from carelabel_torch.backend import CodeBackend, ExportBackend, ScriptBackend
from tests.plugins.carelabel_torch.given import Mlp, bundled, data_of, exported, scripted

if TYPE_CHECKING:
    from pathlib import Path

DATA = data_of()


def refusal(backend: Any, path: Path) -> str:
    with pytest.raises(LoadError) as caught:
        backend().inspect(path, DATA)
    line = str(caught.value)
    assert "\n" not in line
    return line


def saved(folder: Path, content: Any, name: str = "model.pt") -> Path:
    torch.save(content, folder / name)
    return folder / name


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "must hold a network: TorchScript, or a program of torch.export; it is an empty file"),
        (b"epoch,loss\n1,0.3\n", "it is text that begins with 'epoch,loss"),
        (b"\x89HDF\r\n\x1a\n", "it is an HDF5 file"),
        (b"PK\x03\x04" + bytes(100), "it is a zip archive of something else, or one that is cut off or damaged"),
        (bytes(range(200, 255)), "it is bytes that begin with c8 c9"),
    ],
)
def test_other_files_are_named(tmp_path: Path, content: Any, said: Any) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    assert said in refusal(ScriptBackend, path)


def test_weights_alone_need_their_code(tmp_path: Path) -> None:
    line = refusal(ScriptBackend, saved(tmp_path, Mlp().state_dict()))
    assert "it holds weights alone (4 entries)" in line
    assert "zip the weights with their code" in line


def test_weights_in_the_old_format_are_weights_too(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save(Mlp().state_dict(), path, _use_new_zipfile_serialization=False)
    assert "it holds weights alone (4 entries)" in refusal(ScriptBackend, path)


def test_a_pickled_network_is_not_unpickled(tmp_path: Path) -> None:
    assert "it holds pickled Python objects" in refusal(ScriptBackend, saved(tmp_path, Mlp()))


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_file_that_is_cut_off(tmp_path: Path, share: Any) -> None:
    for write, backend in ((exported, ExportBackend), (scripted, ScriptBackend)):
        path = write(tmp_path, Mlp().eval())
        path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
        assert "that is cut off or damaged" in refusal(backend, path)


def test_an_archive_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "model.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "nothing")
    assert "must hold a program saved by torch.export.save; it is a zip archive of something else" in refusal(
        ExportBackend, path
    )


def test_a_program_under_another_name_is_a_program(tmp_path: Path) -> None:
    path = exported(tmp_path, Mlp().eval()).rename(tmp_path / "model.pt")
    assert ScriptBackend().inspect(path, DATA) is None
    facts = ExportBackend().inspect(path, DATA)
    assert facts is not None
    assert facts.format == "torch-export"


def test_a_network_of_two_inputs(tmp_path: Path) -> None:
    class Both(nn.Module):
        def forward(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
            return one + other

    program = torch.export.export(Both(), (torch.zeros(2, 3), torch.zeros(2, 3)))
    torch.export.save(program, tmp_path / "model.pt2")
    assert "must hold a network that takes one tensor of rows; it takes 2 inputs" in refusal(
        ExportBackend, tmp_path / "model.pt2"
    )


@pytest.mark.parametrize(
    ("about", "files", "said"),
    [
        ([1], {}, "must have class and weights (text), and may have arguments (object); got [1]"),
        ({"class": "net:Net"}, {}, "must have class and weights"),
        ({"class": "other:Net", "weights": "weights.pt"}, {}, "there is no other.py"),
        ({"class": "../net:Net", "weights": "weights.pt"}, {}, "there is no ../net.py"),
        ({"class": "net:Missing", "weights": "weights.pt"}, {}, "'net:Missing' is none"),
        ({"class": "sizes:HIDDEN", "weights": "weights.pt"}, {}, "must name a torch.nn.Module"),
        ({"class": "net:Net", "weights": "best.pt"}, {}, "there is no 'best.pt'"),
        ({"class": "net:Net", "weights": "weights.pt"}, {}, "raised TypeError: Net.__init__() missing"),
        (None, {"sizes_py": b"HIDDEN = 9\n"}, "size mismatch for first.weight"),
        (None, {"net_py": b"import nowhere\n"}, "raised ModuleNotFoundError: No module named 'nowhere'"),
    ],
)
def test_an_archive_whose_parts_do_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, about: Any, files: Any, said: Any
) -> None:
    for module in ("net", "sizes", "other"):
        monkeypatch.delitem(__import__("sys").modules, module, raising=False)
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    assert said in refusal(CodeBackend, bundled(tmp_path, about, **files))


def test_rows_of_another_shape_are_refused_and_never_turned(tmp_path: Path) -> None:
    path = exported(tmp_path, nn.Conv2d(3, 2, 3).eval(), (3, 8, 8))
    with pytest.raises(LoadError, match="rows as the network takes them, 3x8x8; it has 8x8x3"):
        ExportBackend().inspect(path, data_of((8, 8, 3)))
    with pytest.raises(LoadError, match="rows as the network takes them, 5; it has 4"):
        ExportBackend().inspect(exported(tmp_path, Mlp().eval()), data_of((4,)))


def test_torchscript_that_cannot_take_the_rows(tmp_path: Path) -> None:
    path = scripted(tmp_path, Mlp().eval())
    with pytest.raises(LoadError, match=r"must predict the rows of its test set, \(4,\) each; torch says: .*shapes"):
        ScriptBackend().inspect(path, data_of((4,)))


def test_outputs_that_are_no_scores(tmp_path: Path) -> None:
    path = scripted(tmp_path, nn.Conv2d(1, 2, 3).eval())
    with pytest.raises(LoadError, match=r"must give \(rows, outputs\) for any number of rows; it gives \(1, 2, 6, 6\)"):
        ScriptBackend().inspect(path, data_of((1, 8, 8)))


def test_a_trace_for_one_number_of_rows(tmp_path: Path) -> None:
    class Fixed(nn.Module):
        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            return rows.reshape(4, 5)[:, :3]

    path = scripted(tmp_path, Fixed())
    with pytest.raises(LoadError, match="must predict the rows of its test set"):
        ScriptBackend().inspect(path, DATA)


def test_fewer_classes_than_scores(tmp_path: Path) -> None:
    path = exported(tmp_path, Mlp(4).eval())
    with pytest.raises(LoadError, match="gives 4 scores a row, so 4 classes must be known; metadata and data name 2"):
        ExportBackend().inspect(path, data_of(classes=("a", "b")))
