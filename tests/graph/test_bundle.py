"""The supervisor's bundle: whole, the same twice, and every change in it found."""

import io
import json
import re
import zipfile
from dataclasses import replace
from time import process_time

import pytest

from simulator import bundle as bundles
from simulator.audit import findings
from simulator.bundle import FILES, MANIFEST, fingerprint, manifest, opened, packed
from simulator.errors import InputError
from simulator.session import Parts, Simulator
from simulator.settings import Endpoint, Settings
from simulator.testing import HashingEmbedder, ScriptedCoder, ScriptedModel, repeating_meaning
from tests.conftest import OPENING, REPAIR, TABLE


@pytest.fixture(scope="module")
def parts():
    model = ScriptedModel(repeating_meaning)
    return Parts(model, ScriptedCoder(TABLE), HashingEmbedder(), lambda _text: None)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory, parts):
    home = tmp_path_factory.mktemp("home")
    run = Simulator(Settings(home, home), parts)
    yield run
    run.close()


@pytest.fixture(scope="module")
def session(simulator):
    talk = simulator.start("maya", "late-reply", seed=1)
    for said in (OPENING, REPAIR, "You sat there alone.", "Tell me now!"):
        list(talk.say(said))
    return talk.card.id


@pytest.fixture(scope="module")
def made(simulator, session):
    return simulator.bundle(session)


def failed(data):
    return [finding.claim for finding in findings(data) if finding.holds is False]


def forged(data, name, change):
    """The bundle with one file changed and every hash worked out anew."""
    files = {key: value for key, value in opened(data).files.items() if key != MANIFEST}
    content = json.loads(files[name])
    change(content)
    files[name] = json.dumps(content).encode()
    return packed(files | {MANIFEST: json.dumps(manifest(files)).encode()})


def test_a_bundle_holds_what_it_should_and_all_of_it_checks(made):
    assert [str(finding) for finding in findings(made) if not finding.holds] == []
    assert len(findings(made)) == 8
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.namelist() == [*FILES, MANIFEST]
        assert archive.testzip() is None
    files = opened(made).files
    cited = {c["id"] for c in json.loads(files["debrief.json"])["citations"]}
    sources = json.loads(files["passages.json"])
    assert {row["id"] for row in sources} == cited != set()
    assert all(row["text"] and row["cited_as"] for row in sources)
    assert f"**You:** {OPENING}" in files["transcript.md"].decode()
    assert json.loads(files["agreement.json"])["skills"]


def test_the_same_session_gives_the_same_bytes(simulator, session, made):
    assert simulator.bundle(session) == made
    assert fingerprint(made) == json.loads(opened(made).files[MANIFEST])["overall"]


def test_the_readme_claims_no_more_than_a_hash_shows(made):
    told = " ".join(opened(made).files["README.txt"].decode().split())
    assert "nothing was changed since it was noted down" in told
    assert "does not show who made the bundle" in told
    assert all(name in told for name in FILES[1:])


def test_where_words_went_is_told_and_no_key_is(simulator, parts, session):
    there = Endpoint("https://me:hunter2@models.example/v1?key=hunter2", "big", "hunter2")
    run = Simulator(replace(simulator.settings, endpoints={"persona": there}), parts)
    data = run.bundle(session)
    told = json.loads(opened(data).files["settings.json"])
    assert told["words_leave_this_machine"] is True
    assert told["destinations"] == {"persona": "models.example"}
    assert (told["coder"], told["persona_model"]) == ("scripted", "scripted")
    assert re.fullmatch(r"[0-9a-f]{64}", told["prompts"]["wording_turn.md"])
    assert b"hunter2" not in data
    run.close()


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_one_changed_byte_anywhere_is_found(made, name):
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        content = archive.read(name)
    at = made.index(content) + len(content) // 2
    damaged = made[:at] + bytes([made[at] ^ 1]) + made[at + 1 :]
    assert failed(damaged)
    files = dict(opened(made).files)
    at = next(n for n in range(len(content) // 2, len(content)) if content[n : n + 1].isalnum())
    files[name] = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    assert failed(packed(files))


def test_an_altered_state_is_found_though_the_hashes_are_right(made):
    def safer(content):
        content["turns"][3]["after"]["security"] += 0.001

    found = {finding.claim: finding for finding in findings(forged(made, "session.json", safer))}
    assert found["Every file is as it was."].holds
    assert found["The hash over all is right."].holds
    assert found["What was felt follows from what was heard."].holds is False
    assert "turn 4" in found["What was felt follows from what was heard."].detail


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["start"].update(trust=0.9),
        lambda content: content["played"]["attachment"].update(anxiety=2.0),
        lambda content: content["turns"][1]["coding"]["heard"][0].__setitem__(1, 0.95),
        lambda content: content["turns"][1]["after"].update(security=float("nan")),
        lambda content: content["turns"][1].update(comfort=float("nan")),
        lambda content: content["turns"].pop(0),
        lambda content: content["turns"].reverse(),
    ],
)
def test_states_follow_from_start_persona_and_codes(made, change):
    assert "What was felt follows from what was heard." in failed(forged(made, "session.json", change))


def test_an_altered_quote_is_found_though_the_hashes_are_right(made):
    def misquote(content):
        content["feedback"][0]["remarks"][0]["quote"] = "I never said this"

    found = failed(forged(made, "debrief.json", misquote))
    assert "Every quote is in the words of its turn." in found
    assert "Every file is as it was." not in found


def test_other_words_under_the_same_codes_are_found(made):
    def reworded(content):
        content["turns"][0]["said"] = "I hear you."

    assert "Every quote is in the words of its turn." in failed(forged(made, "session.json", reworded))


def test_a_citation_without_its_passage_is_found(made):
    assert failed(forged(made, "passages.json", lambda rows: rows.pop())) == ["Every passage cited is here."]
    elsewhere = forged(made, "passages.json", lambda rows: rows[0].update(cited_as="Somebody else"))
    assert failed(elsewhere) == ["Every passage cited is here."]


def test_a_bettered_skill_is_found(made):
    def better(content):
        next(s for s in content["skills"] if s["level"] is not None)["level"] = 3.97

    assert "The debrief counts what was heard." in failed(forged(made, "debrief.json", better))


def test_a_page_that_says_otherwise_is_found(made):
    files = {name: data for name, data in opened(made).files.items() if name != MANIFEST}
    for name in ("transcript.md", "debrief.html", "README.txt"):
        changed = files | {name: files[name].replace(b"Maya", b"Mia")}
        data = packed(changed | {MANIFEST: json.dumps(manifest(changed)).encode()})
        assert failed(data) == ["The pages say what the data say."]


def test_files_too_many_or_missing_are_found(made):
    files = dict(opened(made).files)
    assert "No file is missing, none too many." in failed(packed(files | {"more.txt": b""}))
    assert "No file is missing, none too many." in failed(
        packed({k: files[k] for k in files if k != "README.txt"})
    )
    only = failed(packed({"debrief.json": b"{}"}))
    assert only == [
        "No file is missing, none too many.",
        "Every file is as it was.",
        "What it holds can be read.",
    ]


def test_another_versions_trace_is_not_called_false(made):
    def elder(content):
        content["version"] = "0.0.9\x1b[2J"

    data = forged(made, "settings.json", elder)
    assert failed(data) == []

    def safer(content):
        content["turns"][3]["after"]["security"] += 0.1

    found = {finding.claim: finding for finding in findings(forged(data, "session.json", safer))}
    unsure = found["What was felt follows from what was heard."]
    assert unsure.holds is None
    assert "0.0.9" in unsure.detail
    assert "\x1b" not in str(unsure)


@pytest.mark.parametrize(
    "content", [b"[" * 200_000, b"{}", b"[]", b'"\\ud800"', b"\xff", b'{"turns": 3, "played": 4}']
)
def test_strange_data_is_a_finding_and_no_crash(made, content):
    for name in ("session.json", "debrief.json", "passages.json", "settings.json", MANIFEST):
        assert failed(packed(dict(opened(made).files) | {name: content}))


def zipped(entries, kind=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return stream.getvalue()


def test_a_bundle_zipped_again_still_checks(made):
    assert failed(zipped(opened(made).files.items())) == []


def locked(data):
    at = data.index(b"PK\x01\x02") + 8
    return data[:at] + bytes([data[at] | 1]) + data[at + 1 :]


HOSTILE = {
    "empty": (lambda: b"", "not a bundle"),
    "torn": (lambda: b"PK\x05\x06" + b"\xff" * 40, "not a bundle"),
    "crowd": (lambda: zipped([(f"{n}.txt", b"") for n in range(101)]), "101 files"),
    "twins": (lambda: zipped([("a.txt", b"a"), ("b.txt", b"b")]).replace(b"b.txt", b"a.txt"), "one name"),
    "bomb": (lambda: zipped([("bomb.json", b"0" * 21_000_000)]), "20 MB"),
    "bombs": (lambda: zipped([(f"{n}.json", b"0" * 7_000_000) for n in range(3)]), "20 MB"),
    "lzma": (lambda: zipped([("a.txt", b"a")], zipfile.ZIP_LZMA), "packed in a way"),
    "locked": (lambda: locked(zipped([("a.txt", b"a")])), "password"),
    "large": (lambda: b"x" * (bundles.MOST_BYTES + 1), "20 MB"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_bundle_is_refused(name):
    make, told = HOSTILE[name]
    data, begun = make(), process_time()
    with pytest.raises(InputError, match=told):
        findings(data)
    assert process_time() - begun < 5


def test_a_size_that_lies_unpacks_no_more_than_allowed():
    data = bytearray(zipped([("bomb.json", b"0" * 21_000_000)]))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (10).to_bytes(4, "little")
    assert "No file is missing, none too many." in failed(bytes(data))


def test_a_path_out_of_the_folder_is_only_a_file_too_many(made, tmp_path, monkeypatch):
    folder = tmp_path / "a" / "b" / "c"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    data = zipped(
        [*opened(made).files.items(), ("../../evil.txt", b"x"), ("/etc/evil", b"x"), ("a\x1b[2J", b"x")]
    )
    found = findings(data)[0]
    assert found.holds is False
    assert "\x1b" not in str(found)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
