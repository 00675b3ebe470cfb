"""Exports and bundles at the command line: files written, hashes told, exit codes."""

import json

import pypdf
import pytest

from simulator.bundle import MANIFEST, manifest, opened, packed
from tests.cli.test_commands import _fakes, call  # noqa: F401 - fixtures
from tests.conftest import OPENING, REPAIR


@pytest.fixture
def session(call):  # noqa: F811
    call("chat", "--seed", "1", lines=[OPENING, REPAIR])
    return json.loads(call("sessions", "list", "--json")[1])[0]["id"]


def test_a_debrief_is_written_to_a_file(call, session, tmp_path):  # noqa: F811
    for form in ("text", "md", "json", "html", "pdf", "csv"):
        path = tmp_path / f"debrief.{form}"
        code, out, err = call("debrief", session, "-f", form, "-o", str(path))
        assert (code, out, err) == (0, "", f"wrote {path}\n")
    told = pypdf.PdfReader(tmp_path / "debrief.pdf").pages[0].extract_text()
    assert "Maya" in told
    shown = call("debrief", session, "-f", "csv")[1]
    assert shown.encode() == (tmp_path / "debrief.csv").read_bytes()


def test_a_pdf_is_not_poured_into_a_terminal(call, session, monkeypatch):  # noqa: F811
    monkeypatch.setattr("simulator.cli.records.sys.stdout.isatty", lambda: True, raising=False)
    code, out, err = call("debrief", session, "-f", "pdf")
    assert (code, out) == (2, "")
    assert "-o FILE.pdf" in err


def test_a_session_is_exported_as_data_table_or_words(call, session, tmp_path):  # noqa: F811
    assert json.loads(call("sessions", "export", session)[1])["id"] == session
    table = call("sessions", "export", session, "-f", "csv")[1].splitlines()
    assert (table[0].split(",")[:2], len(table)) == (["session", "turn"], 3)
    assert f"**You:** {OPENING}" in call("sessions", "export", session, "-f", "md")[1]
    code, _, err = call("sessions", "export", session, "-f", "pdf")
    assert (code, "json, csv, md" in err) == (2, True)
    code, _, err = call("sessions", "export", session, "-o", str(tmp_path / "gone" / "x.json"))
    assert code == 2
    assert err.count("\n") == 1


def test_a_bundle_is_made_and_verified(call, session, tmp_path):  # noqa: F811
    path = tmp_path / "talk.zip"
    code, mark, err = call("sessions", "bundle", session, "-o", str(path))
    assert (code, err) == (0, f"wrote {path}\n")
    code, out, err = call("verify", str(path))
    assert (code, err) == (0, "")
    assert [line[:2] for line in out.splitlines()[:8]] == ["ok"] * 8
    assert mark.strip() in out
    assert len(mark.strip()) == 64


def test_a_changed_bundle_is_told_in_one_line_and_a_code(call, session, tmp_path):  # noqa: F811
    path = tmp_path / "talk.zip"
    mark = call("sessions", "bundle", session, "-o", str(path))[1].strip()
    files = dict(opened(path.read_bytes()).files)
    files["session.json"] = files["session.json"].replace(b"big deal", b"odd deal")
    path.write_bytes(packed(files))
    code, out, err = call("verify", str(path))
    assert code == 4
    assert "NO  Every file is as it was. (session.json was changed)" in out
    assert err.startswith("simulator: ")
    assert err.count("\n") == 1
    assert mark not in out
    kept = {name: data for name, data in files.items() if name != MANIFEST}
    path.write_bytes(packed(kept | {MANIFEST: json.dumps(manifest(kept)).encode()}))
    assert call("verify", str(path))[0] == 4


@pytest.mark.parametrize("content", [None, b"words", b""])
def test_what_is_no_bundle_leaves_with_two(call, tmp_path, content):  # noqa: F811
    path = tmp_path / "no.zip"
    if content is not None:
        path.write_bytes(content)
    code, out, err = call("verify", str(path))
    assert (code, out) == (2, "")
    assert err.startswith(f"simulator: {path}: ")
    assert err.count("\n") == 1
    assert call("verify", str(tmp_path))[0] == 2
