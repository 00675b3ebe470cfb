"""The command line as a user meets it: output, exit codes, one line for bad input."""

import json
import subprocess
import sys
from io import StringIO

import pytest
from typer.testing import CliRunner

from simulator import session
from simulator.cli import chat, coding, library, measuring, records, upkeep  # noqa: F401 - they register their commands
from simulator.cli.app import main
from simulator.domain.screening import Danger
from simulator.session import Simulator
from tests.conftest import OPENING, REPAIR

runner = CliRunner()


@pytest.fixture(autouse=True)
def _fakes(monkeypatch, parts):
    """Every command gets the public fakes in place of model files."""
    real = Simulator.__init__

    def init(self, settings, given=None):
        real(self, settings, given or parts)

    monkeypatch.setattr(session.Simulator, "__init__", init)


def run(monkeypatch, capsys, *arguments, lines=None):
    """Run the real entry point; returns exit code, standard output and error."""
    monkeypatch.setattr(sys, "argv", ["simulator", *arguments])
    if lines is not None:
        monkeypatch.setattr(sys, "stdin", StringIO("".join(f"{line}\n" for line in lines)))
    with pytest.raises(SystemExit) as done:
        main()
    out, err = capsys.readouterr()
    code = done.value.code
    return (0 if code is None else code), out, err


@pytest.fixture
def call(monkeypatch, capsys):
    return lambda *arguments, lines=None: run(monkeypatch, capsys, *arguments, lines=lines)


def test_two_piped_turns_and_a_debrief(call):
    code, out, err = call("chat", "--seed", "1", lines=[OPENING, REPAIR])
    assert (code, err) == (0, "")
    assert "Private: your words stay on this machine." in out
    assert out.count("\nMaya: ") == 3
    assert "DEBRIEF: Maya, Six hours" in out
    assert "Passages cited" in out
    assert "\x1b" not in out


def test_help_names_every_command(call):
    code, out, _ = call("--help")
    assert code == 0
    for name in (
        "chat",
        "code",
        "debrief",
        "sessions",
        "personas",
        "scenarios",
        "documents",
        "models",
        "doctor",
    ):
        assert name in out


def test_help_loads_nothing_heavy():
    script = "import sys; sys.argv=['simulator','--help']\ntry:\n import simulator.cli as c; c.main()\n"
    script += "except SystemExit: pass\n"
    heavy = ["openai", "langgraph", "chromadb", "onnxruntime", "numpy", "rich.console"]
    script += f"print([m for m in {heavy} if m in sys.modules], file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "lines", "told"),
    [
        (["chat", "-p", "mya"], [], "did you mean maya"),
        (["chat", "-s", "late"], [], "late-reply"),
        (["chat", "--feedback", "loud"], [], "full, brief, off"),
        (["chat"], ["Hello there.", "", "Hi."], "line 2: The turn is empty"),
        (["chat"], ["a" * 20_000], "20,000 characters"),
        (["chat", "--resume", "nobody"], [], "no such session"),
        (["chat", "--model", "x"], [], "set --base-url"),
        (["debrief", "nobody"], None, "no such session"),
        (["debrief", "nobody", "--format", "odt"], None, "text, md, json, html, pdf, csv"),
        (["personas", "show", "iriss"], None, "did you mean iris"),
        (["code", "gone.csv", "-o", "out.csv"], None, "cannot be read as CSV"),
        (["code", "gone.csv", "-o", "out.csv", "--where", "x"], None, "write COLUMN=VALUE"),
        (["eval", "agreement", "--data", "gone"], None, "no such folder"),
        (["documents", "add", "gone.txt"], None, "No such file"),
        (["documents", "remove", "gone.txt"], None, "not in the store"),
        (["models", "path", "gpt"], None, "known are chat"),
        (["models", "verify"], None, "no model files here"),
    ],
)
def test_bad_input_is_one_line_and_a_code(call, arguments, lines, told):
    code, _, err = call(*arguments, lines=lines)
    assert code in {2, 4}
    assert told in err
    assert err.startswith("simulator: ")
    assert err.count("\n") == 1


def test_a_table_is_coded_with_a_row_a_session(call, tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("talk,text\na,You sat there alone.\na,It is not a big deal.\n")
    code, out, err = call("code", str(source), "-o", str(target), "--session", "talk")
    assert (code, out.count("wrote ")) == (0, 2)
    assert "2 of 2" in err
    assert "p_reflect" in target.read_text().splitlines()[0]
    assert (tmp_path / "out.sessions.csv").read_text().count("\n") == 2


def test_the_agreement_card_is_printed_and_written(call, tmp_path):
    (tmp_path / "data").mkdir()
    page, figures = tmp_path / "card.md", tmp_path / "card.yaml"
    arguments = ("--data", str(tmp_path / "data"), "--card", str(page), "--figures", str(figures))
    code, out, err = call("eval", "agreement", *arguments)
    assert code == 2
    assert "AnnoMI: no annomi.csv" in err
    assert "no figure for AnnoMI, reflection" in err
    assert "# Agreement card" in out
    assert not figures.exists()
    code, out, _ = call("eval", "agreement", *arguments[:4])
    assert code == 0
    assert page.read_text() in out + "\n"


def test_retrieval_is_measured(call):
    code, out, _ = call("eval", "retrieval")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["ranking", "dense", "by", "fused", "support"]


def test_a_bad_line_loses_nothing(call):
    code, _, err = call("chat", "--seed", "1", lines=[OPENING, "a" * 5000])
    assert code == 2
    name = err.split("--resume ")[1].strip("`.\n ")
    code, out, _ = call("chat", "--resume", name, lines=[REPAIR])
    assert code == 0
    assert f"You: {OPENING}" in out
    assert out.count("\nMaya: ") == 3


def test_control_characters_do_not_reach_the_terminal(call):
    code, out, _ = call("chat", "--seed", "1", lines=["I\x1b[31m hear\u202e you"])
    assert code == 0
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_a_disclosure_ends_the_role_play_with_places_to_go(call, monkeypatch):
    monkeypatch.setenv("SIMULATOR_LOCALE", "en-US")
    code, out, _ = call("chat", lines=["Hello.", "I want to kill myself."])
    assert code == 0
    assert "988" in out
    assert "role play has stopped" in out
    assert "DEBRIEF" not in out


def test_what_only_sounds_like_danger_goes_on_when_it_is_said_again(call, monkeypatch):
    def doubting(_self, text, *, meant=False):
        return Danger.ABUSE if "kettle" in text and not meant else None

    monkeypatch.setattr(session.Simulator, "alarm", doubting)
    code, out, _ = call(
        "chat", "--seed", "1", lines=["The kettle burned me.", "The kettle burned me.", "/end"]
    )
    assert code == 0
    assert out.count("say it once more") == 1
    assert "DEBRIEF" in out


def test_commands_inside_the_chat(call):
    lines = ["/help", "/why", OPENING, "/why", "/state", "/hint", "/undo", "/undo", "/nonsense"]
    code, out, err = call("chat", "--seed", "1", lines=lines)
    assert "Nothing to look beneath yet." in out
    assert "beneath: fear of being left" in out
    assert "security" in out
    assert "You could say:" in out
    assert "Taken back" in out
    assert "no turn to take back" in out
    assert code == 2
    assert "/nonsense: no such command" in err


def test_end_stops_before_the_pipe_does(call):
    code, out, _ = call("chat", "--seed", "1", lines=[OPENING, "/end", REPAIR])
    assert code == 0
    assert out.count("\nMaya: ") == 2


def test_feedback_can_be_off_or_full(call):
    _, off, _ = call("chat", "--seed", "1", "--feedback", "off", lines=[OPENING])
    _, brief, _ = call("chat", "--seed", "1", lines=[OPENING])
    assert '- "not a big deal"' not in off.split("DEBRIEF")[0]
    assert '- "not a big deal"' in brief.split("DEBRIEF")[0]


def test_sessions_are_listed_shown_exported_and_deleted(call):
    call("chat", "--seed", "1", "-p", "iris", "-s", "the-trip", lines=[OPENING, REPAIR])
    _, out, _ = call("sessions", "list", "--json")
    row = json.loads(out)[0]
    assert (row["persona"], row["scenario"], row["turns"]) == ("iris", "the-trip", 2)
    _, out, _ = call("sessions", "show", row["id"])
    assert f"**You:** {OPENING}" in out
    _, out, _ = call("sessions", "export", row["id"])
    assert json.loads(out)["turns"][1]["coding"]["heard"][0][0] == "repair"
    for form in ("text", "md", "json", "html"):
        code, out, _ = call("debrief", row["id"], "--format", form)
        assert code == 0
        assert "Iris" in out
    assert json.loads(call("debrief", row["id"], "--format", "json")[1])["style"] == "secure"
    code, out, _ = call("sessions", "delete", row["id"], "--yes")
    assert "Deleted 1" in out
    assert json.loads(call("sessions", "list", "--json")[1]) == []


def test_hostile_words_are_escaped_in_the_page(call):
    call("chat", "--seed", "1", lines=["<script>alert(1)</script> It's not a big deal."])
    name = json.loads(call("sessions", "list", "--json")[1])[0]["id"]
    _, out, _ = call("debrief", name, "--format", "html")
    assert "<script>" not in out
    assert "&lt;script&gt;" in out


INTERVIEW = ["Zoe", "30", "9", "6", "6", "2", "2", "2", "6", "You are Zoe.", "From an aunt.", "noise; dust"]
INTERVIEW += ["tea; a walk", "quick", "I count the chairs."]


def test_an_authors_persona_is_drafted_linted_and_certified(call, tmp_path):
    assert call("personas", "new", "zoe", lines=INTERVIEW)[0] == 0
    folder = tmp_path / "home" / "personas" / "zoe"
    code, out, _ = call("personas", "lint", str(folder))
    assert code != 0
    assert "are also said by Maya, such as" in out
    assert "facts: 1 of at least 12" in out
    page = tmp_path / "certificate.md"
    code, out, _ = call("personas", "certify", str(folder), "--sessions", "20", "-o", str(page))
    assert code == 0
    assert "Zoe (anxious" in out
    assert "| holds | nobody softens under pressure |" in page.read_text("utf-8")


def test_our_own_personas_have_no_flaw(call):
    code, out, _ = call("personas", "lint")
    assert (code, out.strip()) == (0, "Nothing to look at.")


def test_a_persona_remembers_the_last_talk_unless_told_not_to(call, monkeypatch):
    call("chat", "--seed", "1", lines=[OPENING, REPAIR])
    again = call("chat", "--seed", "1", lines=[OPENING])[1]
    assert "Maya remembers Six hours" in again
    assert "remembers" not in call("chat", "--seed", "1", "--fresh", lines=[OPENING])[1]
    monkeypatch.setenv("SIMULATOR_MEMORY", "off")
    assert "remembers" not in call("chat", "--seed", "1", lines=[OPENING])[1]


def test_personas_and_scenarios_of_ones_own(call, tmp_path):
    code, _, err = call("personas", "new", "zoe", lines=INTERVIEW)
    assert code == 0
    assert "A whole number from 1 to 7, please." in err
    assert "zoe" in call("personas", "list")[1]
    assert call("personas", "validate")[0] == 0
    path = tmp_path / "home" / "personas" / "zoe" / "persona.yaml"
    path.write_text(path.read_text("utf-8").replace("age:", "agge:"), "utf-8")
    code, _, err = call("personas", "validate", str(path.parent))
    assert code == 2
    assert "persona.yaml" in err
    assert call("scenarios", "new", "my-talk")[0] == 0
    assert call("scenarios", "validate")[0] == 0
    assert call("scenarios", "new", "my-talk")[0] == 2
    assert "my-talk" in call("scenarios", "list")[1]


def test_reaction_curves_are_drawn(call):
    code, out, _ = call("personas", "show", "daniel", "--plot")
    assert code == 0
    assert "Daniel, pressed" in out
    assert "hear and own" in out
    assert "\x1b" not in out


def test_documents_are_listed_and_searched(call):
    assert "repair" in call("documents", "list")[1]
    found = json.loads(call("documents", "search", "saying sorry", "--json", "--limit", "2")[1])
    assert len(found) == 2


def test_models_are_listed(call):
    rows = json.loads(call("models", "list", "--json")[1])
    assert {row["name"]: row["state"] for row in rows}["chat"] == "absent"


def test_doctor_checks_each_part(call):
    code, out, _ = call("doctor")
    assert code == 0
    assert out.count("ok ") == 6


def test_a_remote_model_is_said_first(call, monkeypatch, parts):
    monkeypatch.setenv("SIMULATOR_BASE_URL", "https://models.example/v1")
    monkeypatch.setenv("SIMULATOR_MODEL", "big")
    _, out, _ = call("chat", "--seed", "1", lines=[])
    assert out.splitlines()[0].startswith("Your words leave this machine (persona: models.example")
