"""What becomes of recordings: fresh, drifted, missed, unplayed, orphaned, aged; shared and verified."""

from datetime import UTC, datetime, timedelta

import pytest
import yaml

from simulator.evals.bench import Means
from simulator.evals.cassette import Cassette
from simulator.evals.freshness import State
from simulator.evals.unit import Status
from simulator.evals.vectors import Pack

HELD = {
    Status.PASS,
    Status.USER_FAULT,
}  # hashed vectors make poor hearing; the simulated talk may be at fault


def states(bench, **options):
    return {talk.case.id: bench.standing(talk, **options).state for talk in bench.talks()}


def replayed(bench, tmp_path, mode="replay"):
    talks = bench.talks()
    run = bench.begin(talks, tmp_path / "runs", mode)
    return {d.result.case: d for d in bench.hold(run, talks, mode, Means())}


def test_a_fresh_recording_replays_every_talk(record, tmp_path):
    bench = record()
    assert set(states(bench).values()) == {State.FRESH}
    done = replayed(bench, tmp_path)
    assert {d.result.status for d in done.values()} <= HELD
    assert all(d.result.calls for d in done.values())


@pytest.mark.parametrize(
    ("file", "drifted"),
    [
        ("prompts/wording_turn.md", {"missed-maya", "missed-daniel", "simulated-iris"}),
        ("prompts/trainee_turn.md", {"simulated-iris"}),
        ("prompts/free_turn.md", set()),
        ("prompts/judge.md", set()),
        ("personas/maya/persona.yaml", {"missed-maya"}),
        ("personas/daniel/lines.yaml", {"missed-daniel"}),
        ("scenarios/late-reply.yaml", {"missed-maya", "missed-daniel", "simulated-iris"}),
        ("documents/trainee.yaml", {"simulated-iris"}),
    ],
)
def test_editing_a_file_turns_exactly_its_dependants_drifted(own_library, record, file, drifted):
    bench = record(TWO_TEMPLATES)
    path = own_library / file
    path.write_text(path.read_text("utf-8") + "\n", encoding="utf-8")
    found = states(bench)
    assert {case for case, state in found.items() if state is State.DRIFTED} == drifted
    talk = next((t for t in bench.talks() if t.case.id in drifted), None)
    assert talk is None or f"{file} changed" in bench.standing(talk).why


TWO_TEMPLATES = """
suite: trial
defaults: {{scenario: late-reply, epochs: {epochs}}}
cases:
  - id: missed
    matrix: {{persona: [maya, daniel]}}
    user: {{script: [It's not a big deal., You sat there alone., I'm sorry.]}}
  - {{id: simulated-iris, persona: iris, user: {{style: attuned, turns: 1}}}}
"""


def test_a_case_whose_words_changed_is_drifted_and_one_whose_checks_changed_is_not(record, suite):
    bench = record()
    text = suite().read_text("utf-8")
    suite(text.replace("min_turns: 2", "min_turns: 1").replace("{", "{{").replace("}", "}}"))
    assert set(states(type(bench).open(bench.settings, list(bench.suites))).values()) == {State.FRESH}
    suite(text.replace("not a big deal", "nothing").replace("{", "{{").replace("}", "}}"))
    changed = type(bench).open(bench.settings, list(bench.suites))
    assert [c for c, s in states(changed).items() if s is State.DRIFTED] == ["missed-maya", "missed-daniel"]


def test_altering_every_request_makes_every_talk_miss(record, tmp_path):
    bench = record()
    for path in bench.recordings.root.rglob("*.yaml"):
        data = yaml.safe_load(path.read_text("utf-8"))
        for row in data["interactions"]:
            row["body"]["top_p"] = 0.123
        path.write_text(yaml.safe_dump(data), encoding="utf-8")
    done = replayed(bench, tmp_path)
    assert {(d.result.status, d.result.state) for d in done.values()} == {(Status.DRIFT, "MISSED")}
    assert all("top_p 0.95, recorded with 0.123" in d.result.reason for d in done.values())


def test_a_changed_prompt_misses_with_template_turn_and_difference(own_library, record, tmp_path):
    bench = record()
    path = own_library / "prompts" / "wording_turn.md"
    path.write_text(path.read_text("utf-8").replace(" means:", " thinks:"), encoding="utf-8")
    from simulator import prompts

    prompts._template.cache_clear()
    reason = replayed(bench, tmp_path)["missed-maya"].result.reason
    assert "not recorded: message 1 (wording_turn.md) differs" in reason
    assert " thinks:" in reason
    assert reason.endswith("[prompts/wording_turn.md changed]")


def test_what_nobody_asks_for_any_more_is_unplayed(record, tmp_path):
    bench = record()
    path = next(bench.recordings.root.rglob("missed-maya/e01.persona.yaml"))
    data = yaml.safe_load(path.read_text("utf-8"))
    extra = data["interactions"][-1]
    data["interactions"].append(extra | {"body": extra["body"] | {"seed": 1}})
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    result = replayed(bench, tmp_path)["missed-maya"].result
    assert (result.status, result.state) == (Status.DRIFT, "UNPLAYED")


def test_missing_orphaned_and_aged(record, tmp_path):
    bench = record()
    (bench.recordings.root / "trial" / "missed-maya" / "e01.persona.yaml").unlink()
    stray = bench.recordings.root / "trial" / "gone" / "e01.persona.yaml"
    stray.parent.mkdir()
    stray.write_text("about: {}\nmessages: []\n")
    assert states(bench)["missed-maya"] is State.MISSED
    assert (
        bench.recordings.orphans(bench.cases)
        == [stray, bench.recordings.root / "trial/missed-maya/e01.embedding.npz"][:1]
    )
    path = bench.recordings.root / "trial" / "missed-daniel" / "e01.persona.yaml"
    old = (datetime.now(UTC) - timedelta(days=40)).isoformat(timespec="seconds")
    made = Cassette.load(path.read_bytes()).about["recorded_at"]
    path.write_text(path.read_text("utf-8").replace(made, old), encoding="utf-8")
    assert states(bench, max_age_days=30)["missed-daniel"] is State.AGED
    assert states(bench)["missed-daniel"] is State.FRESH
    assert bench.recordings.gc(bench.cases) == [stray]
    assert not stray.parent.exists()


def test_a_drifted_recording_that_replays_word_for_word_is_stamped_anew(own_library, record, tmp_path):
    bench = record()
    path = own_library / "prompts" / "wording_system.md"
    path.write_text(path.read_text("utf-8") + "{# a remark #}\n", encoding="utf-8")
    from simulator import prompts

    prompts._template.cache_clear()
    assert set(states(bench).values()) == {State.DRIFTED}
    assert all(d.recordings for d in replayed(bench, tmp_path, "restamp").values())
    assert set(states(bench).values()) == {State.FRESH}
    assert {d.result.status for d in replayed(bench, tmp_path).values()} <= HELD


def test_a_vector_that_several_talks_need_is_kept_once(record):
    bench = record()
    packs = [
        Pack.load(p.read_bytes()) for p in bench.recordings.root.rglob("*.npz") if p.name != "shared.npz"
    ]
    shared = Pack.load((bench.recordings.root / "shared.npz").read_bytes())
    held = [name for pack in packs for name in pack.rows] + list(shared.rows)
    assert len(held) == len(set(held))
    assert all(pack.needs <= set(pack.rows) | set(shared.rows) for pack in packs)
    before = {p: p.read_bytes() for p in bench.recordings.root.rglob("*.npz")}
    bench.recordings.share()
    assert before == {p: p.read_bytes() for p in bench.recordings.root.rglob("*.npz")}


def test_verify_finds_secrets_strangers_and_lost_vectors(record):
    bench = record()
    assert list(bench.recordings.faults(bench.cases)) == []
    root = bench.recordings.root / "trial"
    path = root / "missed-maya" / "e01.persona.yaml"
    path.write_text(path.read_text("utf-8") + "# Bearer abcdefghijkl\n", encoding="utf-8")
    other = root / "missed-daniel" / "e01.persona.yaml"
    other.write_text(
        other.read_text("utf-8").replace("fingerprint: fp-7", "fingerprint: ''"), encoding="utf-8"
    )
    pack = root / "simulated" / "e01.embedding.npz"
    pack.write_bytes(Pack("m", {}, frozenset({1})).dump())
    (root / "missed-daniel" / "e07.persona.yaml").write_text("about: {}\nmessages: []\n")
    told = "\n".join(bench.recordings.faults(bench.cases))
    for fault in ("may be secret", "no server's fingerprint", "1 vectors are neither", "ORPHAN"):
        assert fault in told


def test_a_damaged_recording_counts_as_missed_and_is_told(record, tmp_path):
    bench = record()
    path = bench.recordings.root / "trial" / "missed-maya" / "e01.persona.yaml"
    path.write_bytes(path.read_bytes()[:300])
    assert states(bench)["missed-maya"] is not State.FRESH
    result = replayed(bench, tmp_path)["missed-maya"].result
    assert (result.status, "damaged" in result.reason) == (Status.DRIFT, True)


def test_recording_again_leaves_no_file_of_a_role_that_is_gone(record):
    bench = record()
    talk = next(t for t in bench.talks() if t.case.id == "missed-maya")
    loaded = bench.recordings.load(talk.case, 1)
    bench.recordings.save(talk.case, 1, loaded | {"judge": loaded["persona"]})
    assert "judge" in bench.recordings.files(talk.case, 1)
    bench.recordings.save(talk.case, 1, loaded)
    assert set(bench.recordings.files(talk.case, 1)) == {"persona", "embedding"}


JUDGED = """
suite: trial
defaults: {{scenario: late-reply, epochs: {epochs}}}
cases:
  - id: judged
    persona: maya
    user: {{script: [It's not a big deal.]}}
    expect: [{{id: person, check: conversation, judge: person}}]
"""


def test_a_judge_is_recorded_and_replayed_on_a_cassette_of_its_own(record, suite, tmp_path):
    judges = suite().parent.parent / "judges"
    judges.mkdir()
    questions = "questions: [{id: human, ask: Does Maya talk like a person?}]\n"
    calibration = "calibration: {model: judge-1, kappa: 0.7, talks: 120}\n"
    (judges / "person.yaml").write_text("about: A rehearsal.\n" + questions + calibration, encoding="utf-8")
    bench = record(JUDGED)
    talk = bench.talks()[0]
    assert set(bench.recordings.files(talk.case, 1)) == {"persona", "judge", "embedding"}
    result = replayed(bench, tmp_path)["judged"].result
    assert (result.status, result.outcomes[0].passed) == (Status.PASS, True)
    assert result.outcomes[0].evidence == ((1, "It's not a big deal."),)
    (judges / "person.yaml").write_text("about: A talk.\n" + questions + calibration, encoding="utf-8")
    assert bench.standing(talk).why == ["judges/person.yaml changed"]
    changed = type(bench).open(bench.settings, list(bench.suites))
    reason = replayed(changed, tmp_path)["judged"].result.reason
    assert reason.startswith("judge, turn 1: not recorded: message 0 (judge.md) differs")


def test_damaged_vectors_are_told_before_a_run_and_miss_in_it(record, tmp_path):
    bench = record()
    (bench.recordings.root / "shared.npz").write_bytes(b"junk")
    again = type(bench).open(bench.settings, list(bench.suites))
    assert set(states(again).values()) == {State.DRIFTED}
    assert {d.result.status for d in replayed(again, tmp_path).values()} == {Status.DRIFT}
    own = bench.recordings.root / "trial" / "missed-maya" / "e01.embedding.npz"
    own.write_bytes(own.read_bytes()[:200])
    assert states(again)["missed-maya"] is State.MISSED
    assert any("damaged" in fault for fault in again.recordings.faults(again.cases))


def test_an_aged_recording_is_not_stamped_but_made_anew(record):
    bench = record()
    path = bench.recordings.root / "trial" / "missed-daniel" / "e01.persona.yaml"
    made = Cassette.load(path.read_bytes()).about["recorded_at"]
    path.write_text(path.read_text("utf-8").replace(made, "2020-01-01T00:00:00+00:00"), encoding="utf-8")
    assert states(bench, max_age_days=0)["missed-daniel"] is State.AGED
