"""Talks that are open at the same time, turns under way, and what is left of one that was cut off."""

import threading
from dataclasses import replace
from itertools import pairwise

import pytest

from simulator.domain.screening import Danger
from simulator.errors import InputError, ModelError
from simulator.session import Simulator
from simulator.testing import ScriptedModel
from simulator.web import rooms as rooms_module
from simulator.web.app import create
from simulator.web.rooms import Rooms
from tests.conftest import OPENING, REPAIR
from tests.web.conftest import PATIENCE_S, Asgi, Gated, Markup, begin, events, say, until, with_model

THREE = ("I sat there for six hours.", "You call that nothing at all.", "I wanted you to come home.")
WORDS = ("It's not a big deal", "You sat there alone", "It makes sense", "I'm here", "What do we do")


def answered(room, words):
    pending = room.say(words)
    until(lambda: pending.over)
    assert not pending.trouble
    return room.talk.turns[-1]


@pytest.fixture
def gated(settings, parts, visit):  # visitors leave after it lets go, or they would wait for it
    """A simulator whose persona speaks when it is let."""
    model = Gated(*THREE)
    run = with_model(settings, parts, model)
    yield run
    model.let(100)
    for thread in threading.enumerate():
        if "(_play)" in thread.name:  # a database must not close under a turn
            thread.join(PATIENCE_S)
    run.close()


@pytest.fixture
def gate(gated):
    return gated.model


class Breaking(ScriptedModel):
    """A model that breaks off after its first sentence, until it is mended."""

    def __init__(self):
        super().__init__(lambda _messages: " ".join(THREE), capable=True)
        self.mended = False

    def stream(self, messages, sampling):
        for word in super().stream(messages, sampling):
            if not self.mended and "call" in word:
                raise ModelError("endpoint words.example: cannot be reached; is it running?")
            yield word


@pytest.fixture
def breaking(settings, parts):
    run = with_model(settings, parts, Breaking())
    yield run
    run.close()


def held(simulator, number):
    """Begin a talk, another for every number."""
    who = ("maya", "daniel", "iris", "jonah")[number % 4]
    return simulator.start(who, ("late-reply", "missed-dinner")[number % 2], seed=number).card.id


def turns(simulator, talk):
    return [replace(turn, at="") for turn in simulator.ledger.turns(talk)]


def test_twenty_talks_at_once_go_as_they_would_have_gone_alone(simulator, settings, parts):
    kinds, counts = range(5), range(20)
    alone = Simulator(replace(settings, home=settings.home / "alone"), parts)
    one_by_one = [held(alone, kind) for kind in kinds]
    for kind, talk in enumerate(one_by_one):
        conversation = alone.resume(talk)
        for words in WORDS:
            list(conversation.say(f"{words}, talk{kind}."))
    together, at_once = Rooms(simulator), [held(simulator, n % len(kinds)) for n in counts]
    heard = len(simulator.model.asked)
    for words in WORDS:
        pending = [together.room(at_once[n]).say(f"{words}, talk{n % len(kinds)}.") for n in counts]
        assert sum(not each.over for each in pending) > 1  # they are under way at the same time
        until(lambda pending=pending: all(each.over for each in pending))
        assert not any(each.trouble for each in pending)
    for n in counts:
        assert turns(simulator, at_once[n]) == turns(alone, one_by_one[n % len(kinds)])
        assert len(turns(simulator, at_once[n])) == len(WORDS)
    assert len({tuple(turn.reply for turn in turns(alone, talk)) for talk in one_by_one}) == len(kinds)
    for messages in simulator.model.asked[heard:]:
        told = " ".join(message["content"] for message in messages)
        assert sum(f"talk{kind}." in told for kind in kinds) == 1
    alone.close()


def test_a_second_turn_waits_for_the_answer_to_the_first(gated, gate):
    room = Rooms(gated).room(held(gated, 0))
    first = room.say(OPENING)
    with pytest.raises(InputError, match="has not answered your last turn"):
        room.say(REPAIR)
    with pytest.raises(InputError, match="no unanswered turn"):
        room.finish()
    gate.let(4)
    until(lambda: first.over)
    assert [turn.said for turn in room.talk.turns] == [OPENING]


def test_two_turns_at_the_very_same_time_become_one(gated, gate):
    room, taken, refused = Rooms(gated).room(held(gated, 0)), [], []
    together = threading.Barrier(8)

    def attempt(n):
        together.wait()
        try:
            taken.append(room.say(f"{OPENING} {n}"))
        except InputError as error:
            refused.append(error)

    attempts = [threading.Thread(target=attempt, args=(n,)) for n in range(8)]
    for each in attempts:
        each.start()
    for each in attempts:
        each.join()
    assert (len(taken), len(refused)) == (1, 7)
    gate.let(4)
    until(lambda: taken[0].over)
    assert len(room.talk.turns) == 1


def test_a_busy_talk_says_so_in_place_and_the_words_are_not_lost(gated, gate, visit):
    client = visit(create(gated))
    talk = begin(client)
    client.post(f"/talks/{talk}/turns", data={"words": OPENING})
    again = client.post(f"/talks/{talk}/turns", data={"words": REPAIR}, headers={"hx-request": "true"})
    assert again.status_code == 422  # the page clears its field on success only
    assert again.headers["hx-retarget"] == "#problem"
    assert "has not answered your last turn yet" in again.text
    gate.let(4)


def test_any_beginning_of_a_talks_name_leads_to_one_room(gated, gate):
    rooms, talk = Rooms(gated), held(gated, 0)
    assert rooms.room(talk[:4]) is rooms.room(talk) is rooms.room(talk[:-1])
    pending = rooms.room(talk[:4]).say(OPENING)
    with pytest.raises(InputError, match="being answered"):
        rooms.leave(talk)
    gate.let(4)
    until(lambda: pending.over)


# a model that fails in the middle of an answer


def test_a_turn_that_was_cut_off_is_kept_and_can_be_tried_again(breaking, visit):
    client = visit(create(breaking))
    talk = begin(client)
    stopped = say(client, talk, OPENING)
    for page in (stopped, client.get(f"/talks/{talk}").text):
        shown = " ".join(Markup(page).text.split())
        assert OPENING in shown
        assert THREE[0] in shown
        assert THREE[1] not in shown
        assert "words.example: cannot be reached" in shown
        assert "Your turn is kept." in shown
        assert f'action="/talks/{talk}/again"' in page
    refused = client.post(f"/talks/{talk}/turns", data={"words": REPAIR}, headers={"hx-request": "true"})
    assert refused.status_code == 422
    breaking.model.mended = True
    assert client.post(f"/talks/{talk}/again").headers["location"] == f"/talks/{talk}#turn-1"
    whole = events(client.get(f"/talks/{talk}/turns/1/answer").text)[-1][1]
    assert 'id="turn-1"' in whole
    (turn,) = breaking.ledger.turns(talk)
    assert (turn.said, turn.reply) == (OPENING, THREE[0])
    assert "Try again" not in client.get(f"/talks/{talk}").text
    assert client.post(f"/talks/{talk}/again").status_code == 400


def test_a_model_that_is_still_away_keeps_the_turn_again(breaking):
    room = Rooms(breaking).room(held(breaking, 0))
    first = room.say(OPENING)
    until(lambda: first.over)
    breaking.model.mended = False
    # what was shown stands, so trying again ends the answer there without the model
    again = room.finish()
    until(lambda: again.over)
    assert again.said == OPENING
    assert again.sentences == [THREE[0]]


def test_a_model_that_never_answered_can_be_tried_until_it_does(settings, parts):
    away = [True, True]

    def answer(_messages):
        if away and away.pop():
            raise ModelError("endpoint down; try again.")
        return THREE[0]

    run = with_model(settings, parts, ScriptedModel(answer, capable=True))
    room = Rooms(run).room(held(run, 0))
    for pending in (room.say(OPENING), None):
        tried = pending or room.finish()
        until(lambda tried=tried: tried.over)
        assert (tried.said, tried.sentences, tried.trouble) == (OPENING, [], "endpoint down; try again.")
    last = room.finish()
    until(lambda: last.over)
    assert [(turn.said, turn.reply) for turn in room.talk.turns] == [(OPENING, THREE[0])]
    run.close()


def test_a_turn_that_an_earlier_process_left_unanswered_is_shown_and_finished(
    breaking, settings, parts, visit
):
    room = Rooms(breaking).room(held(breaking, 0))
    talk, pending = room.talk.card.id, room.say(OPENING)
    until(lambda: pending.over)
    breaking.close()  # nothing of that process is left but the database
    client = visit(create(with_model(settings, parts, ScriptedModel(lambda _m: THREE[2], capable=True))))
    page = client.get(f"/talks/{talk}").text
    shown = " ".join(Markup(page).text.split())
    assert "This turn was cut off before it was answered. Your turn is kept." in shown
    assert OPENING in shown
    assert THREE[0] in shown
    client.post(f"/talks/{talk}/again")
    assert THREE[0] in events(client.get(f"/talks/{talk}/turns/1/answer").text)[-1][1]
    assert "Try again" not in client.get(f"/talks/{talk}").text
    assert [turn.said for turn in client.app.state.rooms.simulator.ledger.turns(talk)] == [OPENING]


def test_who_still_waits_for_a_cut_off_answer_is_given_it(breaking, settings, parts, visit):
    room = Rooms(breaking).room(held(breaking, 0))
    talk, pending = room.talk.card.id, room.say(OPENING)
    until(lambda: pending.over)
    breaking.close()
    app = create(with_model(settings, parts, ScriptedModel(lambda _m: THREE[2], capable=True)))
    visit(app)
    found = []
    ask = [
        threading.Thread(target=lambda: found.append(Asgi(app, f"/talks/{talk}/turns/1/answer")))
        for _ in range(4)
    ]
    for each in ask:
        each.start()
    for each in ask:
        each.join()
    assert [told.status for told in found] == [200] * 4
    assert all(told.events[-1][0] == "whole" and THREE[0] in told.events[-1][1] for told in found)
    assert [turn.said for turn in app.state.rooms.simulator.ledger.turns(talk)] == [OPENING]


def test_a_fault_of_ours_stops_a_turn_without_a_word_of_it_in_any_log(settings, parts, visit, capfd):
    class Broken:
        name = "broken"

        def code(self, text, before=""):
            raise RuntimeError(f"cannot hear: {text}")

    client = visit(create(Simulator(settings, replace(parts, coder=Broken()))))
    talk = begin(client)
    stopped = say(client, talk, "My secret is that I left first.")
    assert "Something unexpected happened (RuntimeError); please report it." in stopped
    assert "cannot hear" not in stopped
    out = capfd.readouterr()
    assert "secret" not in out.err + out.out


def test_a_disclosure_stops_the_talk_and_is_kept_nowhere(client, app, simulator, settings):
    secret = "I want to kill myself tonight"
    talk = begin(client)
    told = say(client, talk, secret)
    assert "Out of the role play for a moment" in told
    page = client.get(f"/talks/{talk}").text
    assert "What you wrote was not kept." in page
    assert "kill myself" not in told + page
    assert client.post(f"/talks/{talk}/turns", data={"words": OPENING}).status_code == 400
    assert "kill myself" not in repr([vars(room) for room in app.state.rooms._open.values()])
    simulator.ledger.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"kill myself" not in b"".join(p.read_bytes() for p in settings.home.rglob("*") if p.is_file())


def test_words_that_only_sounded_like_danger_may_be_sent_again(client, simulator, monkeypatch):
    heard = replace(simulator._parts, alarm=lambda text: Danger.ABUSE if "kettle" in text else None)
    monkeypatch.setattr(simulator, "_parts", heard)
    talk, said = begin(client), "The kettle burned my hand."
    told = say(client, talk, said)
    assert "say it once more" in told
    assert "data-untaken" in told  # so that the page gives the words back
    page = client.get(f"/talks/{talk}").text
    assert "Out of the role play for a moment" in page
    assert 'id="words"' in page
    assert said in say(client, talk, said)
    assert "Out of the role play" not in client.get(f"/talks/{talk}").text


# rooms that close


def test_the_room_unused_for_longest_is_closed_and_opens_again(simulator, monkeypatch):
    monkeypatch.setattr(rooms_module, "MOST_OPEN", 2)
    rooms = Rooms(simulator)
    talks = [held(simulator, n) for n in range(3)]
    first = rooms.room(talks[0])
    answered(first, OPENING)
    second = rooms.room(talks[1])
    assert rooms.room(talks[0]) is first  # used just now, so the second goes
    rooms.room(talks[2])
    assert rooms.room(talks[0]) is first
    again = rooms.room(talks[1])
    assert again is not second
    assert answered(again, OPENING).number == 1
    reopened = rooms.room(talks[0])
    assert reopened is not first or reopened.talk.turns
    assert answered(rooms.room(talks[0]), REPAIR).number == 2


def test_a_room_that_is_answering_is_not_closed(gated, gate, monkeypatch):
    monkeypatch.setattr(rooms_module, "MOST_OPEN", 1)
    rooms = Rooms(gated)
    busy = rooms.room(held(gated, 0))
    pending = busy.say(OPENING)
    other = rooms.room(held(gated, 1))
    assert rooms.room(busy.talk.card.id) is busy
    assert rooms.room(other.talk.card.id) is other or rooms.room(busy.talk.card.id) is busy
    gate.let(4)
    until(lambda: pending.over)
    assert len(busy.talk.turns) == 1


def test_the_page_goes_on_with_other_settings(simulator, settings):
    rooms, talk = Rooms(simulator), held(simulator, 0)
    before = rooms.room(talk)
    answered(before, OPENING)
    rooms.move(lambda: simulator.with_settings(replace(settings, memory=False)))
    assert rooms.simulator.settings.memory is False
    after = rooms.room(talk)
    assert after is not before
    assert answered(after, REPAIR).number == 2
    rooms.close()


def test_settings_do_not_change_under_a_turn(gated, gate, settings, visit):
    client = visit(create(gated))
    talk = begin(client)
    client.post(f"/talks/{talk}/turns", data={"words": OPENING})
    answer = client.post("/settings", data={"where": "embedded", "memory": ""})
    assert answer.status_code == 400
    assert "A turn is being answered" in answer.text
    assert not (settings.home / "settings.toml").exists()  # neither now nor at the next start
    assert client.app.state.rooms.simulator is gated
    gate.let(4)
    until(lambda: gated.ledger.turns(talk))
    until(lambda: not client.app.state.rooms.room(talk).busy)
    assert client.post("/settings", data={"where": "embedded"}).status_code == 303
    assert client.app.state.rooms.simulator.settings.memory is False


@pytest.mark.parametrize("path", ["/talks/{id}/delete", "/sessions/delete"])
def test_nothing_is_deleted_under_a_turn(gated, gate, visit, path):
    client = visit(create(gated))
    talk = begin(client)
    client.post(f"/talks/{talk}/turns", data={"words": OPENING})
    answer = client.post(path.format(id=talk))
    assert answer.status_code == 400
    assert "a turn is being answered" in answer.text
    gate.let(4)
    until(lambda: gated.ledger.turns(talk))
    until(lambda: not client.app.state.rooms.room(talk).busy)
    assert client.post(path.format(id=talk)).status_code == 303
    assert client.get(f"/talks/{talk}").status_code == 400
    assert gated.ledger.summaries() == []


def test_deleting_everything_forgets_the_self_assessments_too(client, simulator):
    from simulator import library

    simulator.assess({item.id: 3 for item in library.questionnaire().items})
    begin(client)
    assert "1 talk and every self-assessment" in client.get("/sessions/delete").text
    assert client.post("/sessions/delete").status_code == 303
    assert simulator.assessments.taken() == []
    assert simulator.ledger.summaries() == []


# the answer as it is followed


def test_the_answer_grows_whole_by_whole_and_nothing_is_shown_before_it_is_written(gated, gate, visit):
    app = create(gated)
    talk = begin(visit(app))
    app.state.rooms.room(talk).say(OPENING)
    gate.let(2)
    seen = []

    def look(name, data):
        written, recorded = gated.ledger.spoken(talk, 1), gated.ledger.turns(talk)
        if name == "growing":
            said = [text.strip() for text in spoken(data)]
            assert said == written[: len(said)] or recorded
            if len(said) > len(seen):
                gate.let()
            seen[:] = said
            return
        assert [turn.reply for turn in recorded] == [" ".join(THREE)]
        assert " ".join(THREE) in data

    told = Asgi(app, f"/talks/{talk}/turns/1/answer", on_event=look).events
    grown = [[text.strip() for text in spoken(data)] for name, data in told if name == "growing"]
    assert [names for names, _ in told][-1] == "whole"
    assert [name for name, _ in told].count("whole") == 1
    assert all(one == next_one[: len(one)] for one, next_one in pairwise(grown))
    assert [list(THREE[:1]), list(THREE[:2])] == [one for one in grown if one][:2]


def spoken(piece):
    """The sentences of a growing answer."""
    return [text for tag, text in zip(*_spans(piece), strict=True) if tag == "sentence"]


def _spans(piece):
    markup = Markup(piece)
    classes = [attributes.get("class") for tag, attributes in markup.elements if tag == "span"]
    sentences = [text for tag, text in markup.texts if tag == "span"][1:]  # the first is who speaks
    return [c for c in classes if c == "sentence"], sentences


def test_who_comes_in_the_middle_is_shown_all_of_it_so_far(gated, gate, visit):
    app = create(gated)
    talk = begin(visit(app))
    pending = app.state.rooms.room(talk).say(OPENING)
    gate.let(3)
    until(lambda: len(pending.sentences) == 2)
    first = []

    def look(name, data):
        first.append((name, spoken(data) if name == "growing" else []))
        gate.let(2)

    Asgi(app, f"/talks/{talk}/turns/1/answer", on_event=look)
    name, sentences = first[0]
    assert (name, [text.strip() for text in sentences]) == ("growing", list(THREE[:2]))


def test_who_comes_late_is_shown_the_whole_at_once(client):
    talk = begin(client)
    say(client, talk, OPENING)
    ((name, whole),) = events(client.get(f"/talks/{talk}/turns/1/answer").text)
    assert name == "whole"
    assert 'id="turn-1"' in whole


def test_a_turn_goes_on_when_the_page_is_closed(gated, gate, visit):
    app = create(gated)
    talk = begin(visit(app))
    pending = app.state.rooms.room(talk).say(OPENING)
    gate.let(3)
    told = Asgi(app, f"/talks/{talk}/turns/1/answer", on_event=lambda _name, _data: "leave").events
    assert {name for name, _ in told} == {"growing"}
    assert not pending.over
    gate.let(2)
    until(lambda: pending.over)
    assert [turn.reply for turn in gated.ledger.turns(talk)] == [" ".join(THREE)]


def test_two_windows_follow_one_answer(gated, gate, visit):
    app = create(gated)
    talk = begin(visit(app))
    app.state.rooms.room(talk).say(OPENING)
    found = []
    follow = [
        threading.Thread(target=lambda: found.append(Asgi(app, f"/talks/{talk}/turns/1/answer").events))
        for _ in range(2)
    ]
    for each in follow:
        each.start()
    gate.let(4)
    for each in follow:
        each.join()
    one, other = found
    assert one[-1] == other[-1]
    assert one[-1][0] == "whole"


def test_who_waits_for_an_answer_to_a_turn_nobody_took_is_told(client):
    talk = begin(client)
    ((name, whole),) = events(client.get(f"/talks/{talk}/turns/7/answer").text)
    assert name == "whole"
    assert "data-untaken" in whole
