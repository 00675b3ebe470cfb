"""Every file on disk loads, fits together, and says nothing a person would not say."""

import re

import pytest

from simulator import library, prompts
from simulator.domain.codebook import Code, Family, Oddity
from simulator.domain.line import SLOT, fill
from simulator.domain.scenario import KINDS, TRAINEE_SLOTS
from simulator.domain.strategy import Move
from simulator.errors import InputError, LibraryError

PERSONAS, SCENARIOS = list(library.personas()), list(library.scenarios())


@pytest.mark.parametrize("name", PERSONAS)
def test_every_persona_can_make_every_move(name):
    who = library.persona(name)
    moves = {line.move for line in who.lines}
    assert moves == set(Move)
    assert len(who.lines) >= 150
    assert all(len(who.unexpected[oddity]) >= 5 for oddity in Oddity)
    assert len({line.say for line in who.lines}) == len(who.lines)


def test_the_four_styles_are_there():
    assert {library.persona(name).attachment.style for name in PERSONAS} == {
        "secure",
        "anxious",
        "avoidant",
        "fearful",
    }


@pytest.mark.parametrize("scene", SCENARIOS)
@pytest.mark.parametrize("name", PERSONAS)
def test_every_line_fills_in_every_scene(name, scene):
    who, what = library.persona(name), library.scenario(scene)
    for line in (*who.lines, *what.lines):
        for text in (line.say, line.to):
            assert not SLOT.search(fill(text, what.slots))


@pytest.mark.parametrize("name", PERSONAS)
def test_lines_are_speakable(name):
    for line in library.persona(name).lines:
        assert not re.search(r"[*\[\]()—–;]", line.say), line.say
        assert re.search(r"[.?!]$", line.say), line.say
        assert len(line.say.split()) <= 35


def test_secrets_have_gates():
    for name in PERSONAS:
        assert sum(line.trust_at_least >= 0.4 for line in library.persona(name).lines) >= 4


def test_there_is_a_scenario_of_each_kind():
    assert {library.scenario(name).kind for name in SCENARIOS} == set(KINDS)
    assert len(SCENARIOS) >= 8
    assert any(library.scenario(name).own_lines_only for name in SCENARIOS)


def test_the_scene_with_its_own_lines_has_every_move():
    assert {line.move for line in library.scenario("ask-for-it").lines} == set(Move)


def test_every_code_is_taught():
    entries, passages = library.codebook(), library.passages()
    assert len(passages) >= 80
    for code in Code:
        assert entries[code].family is code.family
        assert sum(code in passage.codes for passage in passages) >= 3
        if code.family in {Family.MISATTUNED, Family.FAUX}:
            assert len(entries[code].instead) >= 8


@pytest.mark.parametrize("scene", SCENARIOS)
def test_better_sentences_fill_in_every_scene(scene):
    what = library.scenario(scene)
    assert set(what.trainee_slots) == set(TRAINEE_SLOTS)
    for entry in library.codebook().values():
        for text in entry.instead:
            assert not SLOT.search(fill(text, what.trainee_slots))


def test_every_passage_names_its_source():
    for passage in library.passages():
        assert passage.source.title
        assert 50 <= len(passage.text.split()) <= 130, passage.id


def prompt_classes():
    return [
        c
        for c in vars(prompts).values()
        if isinstance(c, type) and issubclass(c, prompts.Prompt) and c is not prompts.Prompt
    ]


@pytest.mark.parametrize("prompt", prompt_classes())
def test_template_variables_are_the_signature(prompt):
    from dataclasses import fields

    import jinja2
    from jinja2 import meta

    source = (library.folder("prompts") / prompt.template).read_text("utf-8")
    asked = meta.find_undeclared_variables(jinja2.Environment(autoescape=False).parse(source))
    assert asked == {field.name for field in fields(prompt)}


def test_every_template_has_a_signature():
    files = {path.name for path in library.folder("prompts").glob("*.md")}
    assert files == {prompt.template for prompt in prompt_classes()}


def copy_of(tmp_path, name="iris"):
    import shutil

    return shutil.copytree(library.folder("personas") / name, tmp_path / name)


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (
            "persona.yaml",
            "age:",
            "agge:",
            r"persona.yaml: agge: unknown key|persona.yaml: age: Field required",
        ),
        ("persona.yaml", "anxiety: 2.0", "anxiety: 9.0", "attachment.anxiety"),
        ("lines.yaml", "  name_hurt:", "  name_hurtt:", "lines.name_hurtt"),
        ("lines.yaml", "layer: primary", "layer: deepest", "layer"),
        ("lines.yaml", "lines:", "lines: [", "not valid YAML"),
    ],
)
def test_a_wrong_persona_names_file_and_field(tmp_path, file, old, new, told):
    folder = copy_of(tmp_path)
    path = folder / file
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(LibraryError, match=told) as error:
        library.read_persona(folder)
    assert file in str(error.value)


def test_unknown_names_come_with_the_nearest():
    with pytest.raises(InputError, match="did you mean maya"):
        library.persona("myaa")
    with pytest.raises(InputError, match="late-reply"):
        library.scenario("late-rply")


def test_the_users_own_persona_shadows_ours(tmp_path):
    home = tmp_path / "home"
    copy_of(home / "personas", "iris").rename(home / "personas" / "zoe")
    assert "zoe" in library.personas(home)
    assert library.persona("zoe", home).key == "zoe"


def test_the_coder_was_trained_on_this_corpus():
    import numpy as np

    from simulator.coder.local import FIGURES
    from simulator.coder.training import corpus_fingerprint

    with np.load(FIGURES, allow_pickle=False) as figures:
        assert str(figures["corpus"]) == corpus_fingerprint(), "run `make train`"


def test_the_held_back_turns_are_not_in_the_corpus():
    from simulator.coder.corpus import examples, held_back

    learned = {(row.before, row.text) for row in examples()}
    kept = held_back()
    assert len(kept) >= 1000
    assert not [row.text for row in kept if (row.before, row.text) in learned]


def test_the_corpus_has_every_code_from_many_hands():
    from collections import Counter

    from simulator.coder.corpus import examples

    rows = examples()
    count = Counter(code for row in rows for code in row.spans)
    hands = {code: {row.hand for row in rows if code in row.spans} for code in Code}
    assert min(count.values()) >= 120
    assert min(len(by) for by in hands.values()) >= 5
