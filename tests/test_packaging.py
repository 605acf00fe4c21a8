"""What a person installs: the page's module is inside, and neither the wheel nor the sdist asks for Node."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUNDLE = "nbviz/static/nbviz.js"
PAGES = {"nbviz/static/page.js", "nbviz/static/borrow.js", "nbviz/static/site.js"}
NEEDED = {
    BUNDLE,
    *PAGES,
    "nbviz/colormaps.json",
    "nbviz/demo/weights.safetensors",
    "nbviz/py.typed",
    "nbviz/__init__.py",
}
MODULE_LIMIT = 100 * 1024  # bytes: every widget of a notebook carries the module in its state


def python(*arguments: str | Path, path: str | None = None, cwd: Path | None = None) -> str:
    """Run this Python, in a process of its own; `path` replaces PATH."""
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if path is not None:
        environment["PATH"] = path
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], env=environment, cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def without_node(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH on which there is no program at all: Python itself is started by its full path."""
    path = str(tmp_path_factory.mktemp("empty-path"))
    assert shutil.which("npm", path=path) is None
    return path


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    python("-m", "build", "--sdist", "--no-isolation", "--outdir", folder, ROOT)
    (built,) = folder.glob("nbviz-*.tar.gz")
    return built


@pytest.fixture(scope="module")
def wheel(sdist: Path, without_node: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that pip makes of the sdist, with no Node to be found."""
    folder = tmp_path_factory.mktemp("wheel")
    python("-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", folder, sdist, path=without_node)
    (built,) = folder.glob("nbviz-*.whl")
    return built


@pytest.mark.slow
def test_the_sdist_holds_the_module_and_what_it_is_made_from(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= NEEDED | {"LICENSE", "pyproject.toml", "js/package-lock.json", "js/src/entry.ts"}
    assert not [name for name in names if "node_modules" in name or name.startswith((".venv", ".artifacts"))]


@pytest.mark.slow
def test_the_wheel_holds_the_module_as_built_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        module = archive.read(BUNDLE)
    assert names >= NEEDED
    assert {name.partition("/")[0] for name in names} == {
        "nbviz",
        wheel.name.replace("-py3-none-any.whl", ".dist-info"),
    }
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert module == (ROOT / BUNDLE).read_bytes()
    assert len(module) <= MODULE_LIMIT


@pytest.mark.slow
def test_the_wheel_of_a_checkout_is_the_wheel_of_its_sdist(wheel: Path, tmp_path: Path) -> None:
    python("-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT)
    (direct,) = tmp_path.glob("nbviz-*.whl")
    with zipfile.ZipFile(direct) as ours, zipfile.ZipFile(wheel) as theirs:
        assert {entry.filename: entry.CRC for entry in ours.infolist()} == {
            entry.filename: entry.CRC for entry in theirs.infolist()
        }


@pytest.mark.slow
def test_the_installed_wheel_shows_the_demo(wheel: Path, without_node: str, tmp_path: Path) -> None:
    site = tmp_path / "site"
    python("-m", "pip", "install", "--no-deps", "--target", site, wheel, path=without_node)
    told = python(
        "-c",
        f"import sys; sys.path.insert(0, {str(site)!r}); import nbviz, importlib.metadata as m\n"
        "print(nbviz.__file__, nbviz.__version__, m.version('nbviz'), len(nbviz.Network.demo().layers) > 3)",
        path=without_node,
        cwd=tmp_path,
    )
    file, version, stated, layered = told.split()
    assert Path(file).is_relative_to(site)
    assert version == stated
    assert layered == "True"


def test_the_lock_of_the_frontend_names_no_host() -> None:
    lock = json.loads((ROOT / "js" / "package-lock.json").read_text())
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


# The build hook, on a checkout of four files.


@pytest.fixture
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    hour_ago = time.time() - 3600
    for name in ("nbviz/colormaps.json", "js/package.json", "js/src/entry.ts", BUNDLE):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
        if name != BUNDLE:
            os.utime(path, (hour_ago, hour_ago))
    return tmp_path


@pytest.fixture
def no_npm(monkeypatch: pytest.MonkeyPatch, without_node: str) -> None:
    monkeypatch.setenv("PATH", without_node)


def touch_later(path: Path) -> None:
    ahead = time.time() + 60
    os.utime(path, (ahead, ahead))


def run(hook: ModuleType, root: Path) -> None:
    hook.FrontendHook(str(root), {}, None, None, str(root), "wheel").initialize("standard", {})


@pytest.mark.usefixtures("no_npm")
def test_a_fresh_module_is_shipped_as_it_is(hook: ModuleType, checkout: Path) -> None:
    run(hook, checkout)
    assert (checkout / BUNDLE).read_text() == "x"


@pytest.mark.usefixtures("no_npm")
@pytest.mark.parametrize("newer", ["nbviz/colormaps.json", "js/package.json", "js/src/entry.ts"])
def test_a_stale_module_is_not_shipped(hook: ModuleType, checkout: Path, newer: str) -> None:
    touch_later(checkout / newer)
    with pytest.raises(RuntimeError, match="needs npm: install Node 20"):
        run(hook, checkout)


@pytest.mark.usefixtures("no_npm")
def test_an_unpacked_sdist_is_never_built_again(hook: ModuleType, checkout: Path) -> None:
    (checkout / "PKG-INFO").write_text("")
    touch_later(checkout / "js/src/entry.ts")
    run(hook, checkout)
    (checkout / BUNDLE).unlink()
    with pytest.raises(FileNotFoundError, match="frontend was not built"):
        run(hook, checkout)
