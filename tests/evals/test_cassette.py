"""Recording and playing over a transport of our own: what matches, what is kept, how a miss is told."""

import json

import httpx2
import pytest
import yaml

from simulator.errors import CassetteError, ModelError
from simulator.evals.cassette import Cassette
from simulator.evals.deck import Deck, Upstream
from simulator.llm import Sampling
from simulator.prompts import rendered
from simulator.settings import Endpoint

ASKED = [{"role": "system", "content": "You are Maya."}, {"role": "user", "content": "Hello."}]
ABOUT = {"role": "persona", "model": "model-1", "capable": False, "sources": {}}


def sse(words):
    chunks = [
        {
            "id": "1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "model-1-answered",
            "system_fingerprint": "fp-7",
            "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}],
        }
        for word in words
    ]
    chunks.append(chunks[0] | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"


class Server:
    """Answers like a chat server, with what no recording may hold."""

    def __init__(self, *answers):
        self.answers, self.seen = list(answers), []

    def __call__(self, request):
        self.seen.append(request)
        status, text = self.answers.pop(0)
        headers = {"content-type": "text/event-stream", "set-cookie": "session=secret", "x-org": "acme"}
        return httpx2.Response(status, headers=headers, text=text)


def recorded(server, *asked, path="/api/v2"):
    endpoint = Endpoint(f"https://models.example{path}", "model-1", "sk-verysecret1")
    client = httpx2.Client(transport=httpx2.MockTransport(server))
    deck = Deck.recording({"persona": Upstream(endpoint, capable=False)}, client)
    said = [
        "".join(deck.chat("persona").stream(messages, Sampling(seed=i))) for i, messages in enumerate(asked)
    ]
    return said, deck.dump({"persona": ABOUT})


def played(recordings, *asked):
    deck = Deck.playing(recordings)
    said = [
        "".join(deck.chat("persona").stream(messages, Sampling(seed=i))) for i, messages in enumerate(asked)
    ]
    return said, deck


def test_what_was_recorded_plays_without_server_or_key_at_another_address():
    said, recordings = recorded(Server((200, sse(["I ", "waited."])), (200, sse(["Mm."]))), ASKED, ASKED)
    again, deck = played(recordings, ASKED, ASKED)
    assert said == again == ["I waited.", "Mm."]
    assert (deck.calls, deck.unplayed) == (2, {})


def test_headers_keys_hosts_and_cookies_are_never_kept():
    server = Server((200, sse(["Mm."])))
    _, recordings = recorded(server, ASKED)
    assert server.seen[0].headers["authorization"] == "Bearer sk-verysecret1"
    text = recordings["persona"].decode()
    for secret in ("secret", "models.example", "session", "acme", "authorization"):
        assert secret not in text


def test_the_metadata_say_who_answered():
    _, recordings = recorded(Server((200, sse(["Mm."]))), ASKED)
    about = Cassette.load(recordings["persona"]).about
    assert about == Cassette.head(recordings["persona"])
    assert (about["model"], about["model_answered"], about["fingerprint"], about["calls"]) == (
        "model-1",
        "model-1-answered",
        "fp-7",
        1,
    )


def test_each_message_stands_once_in_the_file():
    longer = [*ASKED, {"role": "assistant", "content": "Mm."}, {"role": "user", "content": "Well?"}]
    _, recordings = recorded(Server((200, sse(["Mm."])), (200, sse(["No."]))), ASKED, longer)
    data = yaml.safe_load(recordings["persona"])
    assert [m["content"] for m in data["messages"]] == ["You are Maya.", "Hello.", "Mm.", "Well?"]
    assert [row["body"]["messages"] for row in data["interactions"]] == [[0, 1], [0, 1, 2, 3]]


def test_only_whole_answers_are_kept():
    _, recordings = recorded(Server((500, "oops"), (500, "oops"), (200, sse(["Mm."]))), ASKED)
    assert len(Cassette.load(recordings["persona"])) == 1
    with pytest.raises(ModelError):
        recorded(Server(*[(401, "no")] * 9), ASKED)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda m: [*m[:1], {"role": "user", "content": "Hello!"}],
            "message 1 (turn.md) differs\n@@ -1 +1 @@\n-Hello.\n+Hello!",
        ),
        (lambda m: [*m, m[1]], "3 messages, recorded with 2"),
    ],
)
def test_a_miss_names_turn_template_and_difference(change, told):
    _, recordings = recorded(Server((200, sse(["Mm."]))), ASKED)
    deck = Deck.playing(recordings)
    deck.turn(4)
    token = rendered.set({"Hello!": "turn.md"})
    try:
        with pytest.raises(CassetteError) as caught:
            list(deck.chat("persona").stream(change(ASKED), Sampling()))
    finally:
        rendered.reset(token)
    assert str(caught.value) == f"persona, turn 4: not recorded: {told}"


def test_another_seed_misses_and_after_a_miss_everything_does():
    _, recordings = recorded(Server((200, sse(["Mm."]))), ASKED)
    deck = Deck.playing(recordings)
    for sampling in (Sampling(seed=9), Sampling(seed=0)):
        with pytest.raises(CassetteError, match="seed 9, recorded with 0"):
            list(deck.chat("persona").stream(ASKED, sampling))


def test_an_answer_is_played_once():
    _, recordings = recorded(Server((200, sse(["Mm."]))), ASKED)
    deck = Deck.playing(recordings)
    list(deck.chat("persona").stream(ASKED, Sampling()))
    with pytest.raises(CassetteError, match=r"asked once more than was recorded \(1\)"):
        list(deck.chat("persona").stream(ASKED, Sampling()))


def test_what_nobody_asked_for_is_counted():
    _, recordings = recorded(Server((200, sse(["Mm."])), (200, sse(["No."]))), ASKED, ASKED)
    _, deck = played(recordings, ASKED)
    assert deck.unplayed == {"persona": 1}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a: b",
        b"\xff\xfe",
        b"format: 1\nabout: {",
        b"format: 1\nabout: {recorded_at: yesterday}\nmessages: []\ninteractions: []",
        b"format: 1\nabout: {}\nmessages: []\ninteractions: [{}]",
    ],
)
def test_a_damaged_file_is_one_line_and_never_taken_for_empty(data):
    with pytest.raises(CassetteError, match="damaged"):
        Cassette.load(data)


def test_a_file_of_another_format_is_refused():
    with pytest.raises(CassetteError, match="format 9; this version reads 1"):
        Cassette.load(b"format: 9\nabout: {}\nmessages: []\ninteractions: []")


def test_talks_side_by_side_do_not_hear_each_other():
    from concurrent.futures import ThreadPoolExecutor

    def talk(number):
        asked = [{"role": "user", "content": f"I am {number}."}]
        _, recordings = recorded(Server((200, sse([f"Hello {number}."]))), asked)
        return played(recordings, asked)[0]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(talk, range(24))) == [[f"Hello {n}."] for n in range(24)]


def test_the_record_is_never_logged(caplog):
    caplog.set_level("DEBUG")
    asked = [{"role": "user", "content": "My secret sorrow."}]
    _, recordings = recorded(Server((200, sse(["A hushed answer."]))), asked)
    played(recordings, asked)
    assert "secret sorrow" not in caplog.text
    assert "hushed answer" not in caplog.text
