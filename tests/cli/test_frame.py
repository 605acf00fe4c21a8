"""The command line: help with examples at once, errors in one sentence, an exit status that a script can use."""

from __future__ import annotations

import json
import subprocess
import sys

import nbformat
import pytest

import nbviz
from nbviz.cli import COMMANDS, Command, main
from nbviz.cli.demo import CELLS, notebook
from nbviz.errors import BadRequest


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_shows_examples_of_itself(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command.name, "--help"])
    assert ended.value.code == 0
    page = capsys.readouterr().out
    examples = page.partition("examples:")[2].strip().splitlines()
    assert examples
    assert f"nbviz {command.name}" in page.partition("examples:")[2]


def test_help_does_not_wait_for_torch() -> None:
    code = "import sys, nbviz.cli; nbviz.cli.parser().format_help(); print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_an_error_that_a_person_can_mend_is_one_sentence_and_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_: object) -> None:
        raise BadRequest("There is no such thing; give another.")

    monkeypatch.setattr("nbviz.cli.COMMANDS", (Command("fail", "fail", "nbviz fail", lambda _: None, fails),))
    assert main(["fail"]) == 2
    assert capsys.readouterr().err == "nbviz fail: There is no such thing; give another.\n"


def test_ctrl_c_ends_with_the_status_that_shells_give_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("nbviz.cli.COMMANDS", (Command("wait", "wait", "nbviz wait", lambda _: None, interrupted),))
    assert main(["wait"]) == 130


def test_the_demo_notebook_is_valid_and_its_cells_run() -> None:
    nbformat.validate(nbformat.from_dict(json.loads(notebook())))
    namespace: dict[str, object] = {}
    for kind, source in CELLS:
        if kind == "code":
            exec(compile(source, "cell", "exec"), namespace)
    assert isinstance(namespace["net"], nbviz.Network)


def test_the_demo_says_what_is_missing_without_jupyterlab(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["demo"]) == 2
    assert "pip install jupyterlab" in capsys.readouterr().err
