"""Every way a call can fail becomes one line; cut and malformed answers are asked for again."""

import json

import httpx2
import pytest
from pydantic import BaseModel, ConfigDict

from simulator.coder.averaged import AveragedCoder
from simulator.coder.structured import StructuredCoder
from simulator.domain.codebook import Code
from simulator.errors import ModelError
from simulator.llm import CutError, OpenAIChat, Sampling
from simulator.settings import Endpoint, load
from simulator.testing import ScriptedCoder

ASK = [{"role": "user", "content": "Hello"}]


def chunk(text=None, finish=None):
    delta = {"role": "assistant"} | ({"content": text} if text else {})
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(body)}\n\n"


def sse(*pieces):
    return httpx2.Response(
        200, headers={"content-type": "text/event-stream"}, content="".join(pieces).encode()
    )


WHOLE = (chunk(), chunk("I "), chunk("waited."), chunk(finish="stop"), "data: [DONE]\n\n")


def completion(content):
    message = {"role": "assistant", "content": content}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": choices}


class Server:
    """Answers in turn; the last answer is repeated."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def __call__(self, request):
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer

    def chat(self, timeout_s=5.0):
        client = httpx2.Client(transport=httpx2.MockTransport(self))
        endpoint = Endpoint("http://127.0.0.1:9/v1", "m", "k")
        return OpenAIChat(endpoint, timeout_s=timeout_s, http_client=client)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr("openai._base_client.SyncAPIClient._sleep_for_retry", lambda *_a, **_k: None)


def said(chat):
    return "".join(chat.stream(ASK, Sampling()))


def test_a_whole_reply_streams():
    server = Server(sse(*WHOLE))
    assert said(server.chat()) == "I waited."
    sent = json.loads(server.asked[0].content)
    assert sent["stream"] is True
    assert server.asked[0].headers["authorization"] == "Bearer k"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (httpx2.ConnectError("refused"), "cannot be reached"),
        (lambda: httpx2.Response(401, json={"error": {"message": "no"}}), "refused the key"),
        (lambda: httpx2.Response(404, json={"error": {"message": "no"}}), "knows no model m"),
        (lambda: httpx2.Response(429, json={"error": {"message": "no"}}), "too many requests"),
        (lambda: httpx2.Response(500, text="<html>oops</html>"), "HTTP 500"),
        (lambda: httpx2.Response(400, json={"error": {"message": "exceeds context size"}}), "longer than"),
        (
            lambda: httpx2.Response(200, text="<html>hello</html>", headers={"content-type": "text/html"}),
            "broke off|not answer",
        ),
        (lambda: sse(chunk(), chunk(finish="stop"), "data: [DONE]\n\n"), "empty"),
        (lambda: sse("data: {broken\n\n"), "not answer as a chat model"),
        (lambda: sse('data: {"error": {"message": "boom"}}\n\n'), "endpoint"),
    ],
)
def test_each_fault_is_one_line(answer, told):
    with pytest.raises(ModelError, match=told) as error:
        said(Server(answer).chat())
    assert "\n" not in str(error.value)


def test_a_stream_cut_before_its_first_word_is_asked_for_again():
    server = Server(sse(chunk()), sse(*WHOLE))
    assert said(server.chat()) == "I waited."
    assert len(server.asked) == 2


def test_a_stream_cut_after_its_first_word_is_not_passed_off_as_whole():
    server = Server(sse(chunk("I wai")))
    with pytest.raises(CutError, match="broke off"):
        said(server.chat())


def test_there_is_a_total_deadline(monkeypatch):
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr("simulator.llm.time.monotonic", lambda: next(clock))
    with pytest.raises(ModelError, match="no end after 5 s"):
        said(Server(sse(*WHOLE)).chat())


class Colour(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str


def test_malformed_structured_answers_are_asked_for_again():
    bad = httpx2.Response(200, text="{broken", headers={"content-type": "application/json"})
    unfit = httpx2.Response(200, json=completion('{"colour": 1}'))
    good = httpx2.Response(200, json=completion('{"name": "red"}'))
    server = Server(bad, unfit, good)
    assert server.chat().structured(ASK, Colour) == Colour(name="red")
    assert len(server.asked) == 3


def test_structured_answers_that_never_fit_are_one_line():
    server = Server(lambda: httpx2.Response(200, json=completion("no")))
    with pytest.raises(ModelError, match="does not fit"):
        server.chat().structured(ASK, Colour)


def checklist(oddity=None, **held):
    """A capable model's answer: what holds, with its quote; no to everything else."""
    rows = {code.value: {"quote": "", "holds": "no"} for code in Code}
    rows |= {code: {"quote": quote, "holds": holds} for code, (holds, quote) in held.items()}
    return json.dumps(rows | {"oddity": oddity})


def capable(*answers):
    """A structured coder whose passes get these answers in turn."""
    left = list(answers)
    server = Server(lambda: httpx2.Response(200, json=completion(left.pop(0) if len(left) > 1 else left[0])))
    return StructuredCoder(server.chat(), ScriptedCoder({"sorry": {Code.REPAIR: 0.9}})), server


def test_the_structured_coder_abstains_from_what_it_cannot_quote():
    coder, server = capable(checklist(repair=("yes", "i'm SORRY"), blame=("yes", "you always")))
    reading = coder.read("I'm sorry. Say <more>.", "You left.")
    assert reading.quote == {Code.REPAIR: "I'm sorry"}
    assert Code.BLAME not in reading.probability
    assert reading.probability[Code.FIX] < 0.1 < reading.probability[Code.REPAIR]
    assert coder.code("I'm sorry.").codes == (Code.REPAIR,)
    coder, _ = capable(checklist(repair=("yes", "I'm sorry"), own=("yes", "I <3 you"), fix=("yes", "no")))
    reading = coder.read("Hei\u00df. I'm sorry, I <3 you. I know.")
    assert reading.quote == {Code.REPAIR: "I'm sorry", Code.OWN: "I <3 you"}
    assert "<more>" not in json.loads(server.asked[0].content)["messages"][0]["content"]


def test_the_structured_coder_asks_twice_and_abstains_where_the_passes_differ():
    both = checklist(repair=("yes", "I'm sorry"), explain=("yes", "I was busy"))
    one = checklist(repair=("yes", "I'm sorry"), fix=("unsure", ""))
    coder, server = capable(both, one)
    reading = coder.read("I'm sorry, I was busy.")
    assert {Code.EXPLAIN, Code.FIX} & set(reading.probability) == set()
    asked = [json.loads(r.content)["messages"][0]["content"] for r in server.asked]
    assert asked[0].index("- reflect:") < asked[0].index("- social:")
    assert asked[1].index("- reflect:") > asked[1].index("- social:")


def test_a_model_that_hears_nothing_leaves_the_turn_to_the_local_coder():
    coder, _ = capable(checklist(blame=("yes", "never said")))
    coding = coder.code("I'm sorry.")
    assert (coding.codes, coding.coder) == ((Code.REPAIR,), "scripted")


def test_two_coders_are_averaged_and_either_stands_alone_where_the_other_abstains():
    coder, _ = capable(checklist(validate=("yes", "sorry"), blame=("unsure", "")))
    local = ScriptedCoder({"sorry": {Code.REPAIR: 0.9, Code.BLAME: 0.6}})
    both = AveragedCoder(coder, local)
    reading = both.read("I'm sorry.")
    assert reading.probability[Code.REPAIR] == pytest.approx((0.03 + 0.9) / 2)
    assert reading.probability[Code.BLAME] == 0.6
    assert reading.coder == "llm-m+scripted"
    assert both.code("I'm sorry.").codes == (Code.BLAME,)


def test_roles_may_have_models_of_their_own():
    found = load(
        {
            "SIMULATOR_BASE_URL": "http://localhost:1/v1",
            "SIMULATOR_MODEL": "a",
            "SIMULATOR_GRADER_MODEL": "b",
            "SIMULATOR_PERSONA_BASE_URL": "https://models.example/v1",
        }
    ).endpoints
    rest = dict.fromkeys(("appraiser", "trainee", "judge"), "a")
    assert {role: e.model for role, e in found.items()} == {"persona": "a", "grader": "b"} | rest
    assert [role for role, e in found.items() if e.remote] == ["persona"]


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"SIMULATOR_MODEL": "x"}, "set --base-url"),
        ({"SIMULATOR_BASE_URL": "http://x"}, "set --model"),
        ({"SIMULATOR_BASE_URL": "x", "SIMULATOR_MODEL": "y"}, "must begin with http"),
        ({"SIMULATOR_THREADS": "many"}, "SIMULATOR_THREADS=many"),
    ],
)
def test_wrong_settings_are_named(environ, told):
    with pytest.raises(Exception, match=told):
        load(environ)


def test_keys_are_not_printed():
    assert "secret" not in repr(Endpoint("http://x", "m", "secret"))
