"""Settings as they are kept, and as the page changes them."""

import stat
from dataclasses import replace

import pytest

from simulator import settings as kept
from simulator.errors import InputError, ModelError
from simulator.session import Simulator
from simulator.settings import Endpoint
from simulator.testing import ScriptedModel
from simulator.web import settings as page_settings
from simulator.web.app import create
from tests.web.conftest import Markup, begin

FILE = """\
# How I like it.
threads = 2  # my laptop
model = "old"
base_url = "http://localhost:1/v1"
memory = true

[of_another_program]
colour = "green"
"""
SERVER = {"where": "endpoint", "base_url": "http://localhost:1/v1", "model": "m", "memory": "1"}


@pytest.fixture
def home(settings):
    settings.home.mkdir(parents=True)
    return settings.home


@pytest.fixture
def file(home):
    path = home / "settings.toml"
    path.write_text(FILE, "utf-8")
    return path


# the file


def test_comments_and_what_others_keep_there_survive(file, home):
    kept.save(home, {"model": "new", "memory": "off"})
    assert file.read_text("utf-8") == FILE.replace('"old"', '"new"').replace("= true", '= "off"')


def test_an_empty_value_takes_its_key_out(file, home):
    kept.save(home, {"model": "", "base_url": "", "api_key": ""})
    text = file.read_text("utf-8")
    assert "model" not in text
    assert "base_url" not in text
    assert "# my laptop" in text
    assert kept.load({}, home=home).endpoints == {}


def test_only_its_owner_reads_the_file_even_when_it_was_open_before(file, home):
    file.chmod(0o644)
    kept.save(home, {"api_key": "secret"})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in home.iterdir()] == ["settings.toml"]


def test_a_first_setting_makes_the_folder(tmp_path):
    home = tmp_path / "new" / "home"
    kept.save(home, {"memory": "off"})
    assert kept.load({}, home=home).memory is False
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_broken_file_is_told_of_and_left_as_it_is(file, home, client):
    file.write_text('model = "half', "utf-8")
    with pytest.raises(InputError, match=r"settings\.toml: .*; mend or remove the file"):
        kept.save(home, {"model": "new"})
    answer = client.post("/settings", data=SERVER)
    assert answer.status_code == 400
    assert "mend or remove the file" in Markup(answer.text).text
    assert file.read_text("utf-8") == 'model = "half'


@pytest.mark.parametrize(
    "value", ['a"\n[evil]\nx = 1', "ü\u202e\u2028", "tab\tand \\ and '", "\x01\x7f", "#x = [1,"]
)
def test_any_value_comes_back_as_it_was(home, value):
    kept.save(home, {"model": value, "base_url": "http://localhost:1/v1"})
    assert kept.load({}, home=home).endpoints["persona"].model == value


def test_the_environment_decides_over_the_file_and_is_named(file, home, monkeypatch):
    monkeypatch.setenv("SIMULATOR_MODEL", "from-outside")
    monkeypatch.setenv("SIMULATOR_API_KEY", "")
    assert kept.load(home=home).endpoints["persona"].model == "from-outside"
    assert kept.fixed() & {"model", "api_key", "base_url"} == {"model"}


def test_the_page_reads_the_home_it_was_opened_with(file, home, monkeypatch, tmp_path):
    monkeypatch.setenv("SIMULATOR_HOME", str(tmp_path / "elsewhere"))
    found = kept.load(home=home)
    assert (found.home, found.threads) == (home, 2)


NEAR = [
    "http://localhost",
    "http://localhost:1/v1",
    "http://127.0.0.1:1",
    "http://[::1]/v1",
    "http://[::1]:1",
    "http://me:pw@localhost:1/v1",
]
FAR = [
    ("https://words.example/v1", "words.example"),
    ("https://me:password@words.example:1/v1", "words.example:1"),
    ("http://localhost@words.example/v1", "words.example"),
    ("http://localhost:80@words.example/v1", "words.example"),
    ("http://words.example//localhost/v1", "words.example"),
    ("http://words.example?//localhost", "words.example"),
    ("http://words.example#@localhost", "words.example"),
    ("http://localhost.words.example", "localhost.words.example"),
    ("http://192.168.1.7:8080/v1", "192.168.1.7:8080"),
    ("http://[2001:db8::1]:80/v1", "[2001:db8::1]:80"),
    ("http://", ""),
]


@pytest.mark.parametrize("url", NEAR)
def test_a_server_on_this_machine_is_known_to_be_one(url):
    assert not Endpoint(url, "m").remote


@pytest.mark.parametrize(("url", "host"), FAR)
def test_no_way_to_write_an_address_makes_a_far_server_near(url, host):
    endpoint = Endpoint(url, "m")
    assert endpoint.remote
    assert endpoint.host == host


# the page


def persona(client):
    return client.app.state.rooms.simulator.settings.endpoints.get("persona")


def test_a_server_is_kept_and_used_from_then_on(client, home):
    assert (
        client.post("/settings", data=SERVER | {"api_key": "sk-1"}).headers["location"] == "/settings?saved"
    )
    assert persona(client) == Endpoint("http://localhost:1/v1", "m", "sk-1")
    assert kept.load({}, home=home).endpoints["persona"] == persona(client)
    assert "Saved." in Markup(client.get("/settings?saved").text).text


def test_a_server_of_the_personas_own_hears_no_other_role_when_it_is_changed(client, home):
    kept.save(home, {"persona_base_url": "http://localhost:1/v1", "persona_model": "m"})
    client.post("/settings", data=SERVER | {"model": "other"})
    assert kept.load({}, home=home).endpoints == {"persona": Endpoint("http://localhost:1/v1", "other")}
    client.post("/settings", data={"where": "embedded"})
    assert kept.load({}, home=home).endpoints == {}


def test_the_key_never_comes_back_to_the_page(client):
    client.post("/settings", data=SERVER | {"api_key": "sk-secret"})
    for path in ("/settings", "/", "/settings?saved"):
        assert "sk-secret" not in client.get(path).text
    assert 'value="(kept)"' in client.get("/settings").text
    client.post("/settings", data=SERVER | {"api_key": "(kept)", "model": "other"})
    assert persona(client) == Endpoint("http://localhost:1/v1", "other", "sk-secret")


@pytest.mark.parametrize(
    "other",
    ["http://localhost:1/v1/", "http://localhost:2/v1", "https://localhost:1/v1", "http://evil.example/v1"],
)
def test_a_kept_key_is_not_sent_to_another_server(client, monkeypatch, other):
    asked = []

    class Model(ScriptedModel):
        def __init__(self, endpoint, **_options):
            super().__init__(lambda _messages: "Hello.")
            asked.append(endpoint)

    monkeypatch.setattr(page_settings, "OpenAIChat", Model)
    client.post("/settings", data=SERVER | {"api_key": "sk-secret"})
    there = SERVER | {"api_key": "(kept)", "base_url": other}
    client.post("/settings/test", data=there)
    client.post("/settings", data=there)
    assert [endpoint.api_key for endpoint in asked] == [""]
    assert persona(client).api_key == ""
    assert client.post("/settings/test", data=SERVER | {"api_key": "(kept)"}).status_code == 200
    assert asked[-1].api_key == ""  # it was given up with the server it was for


def test_the_model_on_this_machine_is_gone_back_to_and_the_key_forgotten(client, home):
    client.post("/settings", data=SERVER | {"api_key": "sk-secret"})
    client.post("/settings", data={"where": "embedded", "memory": "1"})
    assert persona(client) is None
    assert "sk-secret" not in (home / "settings.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"base_url": "localhost:1"}, "must begin with http:// or https://"),
        ({"base_url": ""}, "server address (empty)"),
        ({"base_url": "javascript:alert(1)"}, "must begin with http:// or https://"),
        ({"base_url": "file:///etc/passwd"}, "must begin with http:// or https://"),
        ({"model": " "}, "name the model"),
    ],
)
def test_a_server_that_can_be_none_is_told_of_and_nothing_changes(client, home, given, told):
    answer = client.post("/settings", data=SERVER | given)
    assert answer.status_code == 400
    assert told in Markup(answer.text).text
    assert not (home / "settings.toml").exists()
    assert told in Markup(client.post("/settings/test", data=SERVER | given).text).text


def test_a_test_asks_for_a_word_and_sends_nothing_of_the_users(client, monkeypatch):
    models = []

    class Model(ScriptedModel):
        def __init__(self, _endpoint, **_options):
            super().__init__(lambda _messages: "Hello.")
            models.append(self)

    monkeypatch.setattr(page_settings, "OpenAIChat", Model)
    talk = begin(client)
    answer = client.post("/settings/test", data=SERVER | {"base_url": "https://words.example/v1"})
    assert "m answers at words.example" in Markup(answer.text).text
    assert "What you say will leave this machine." in answer.text
    assert "That is this machine." in client.post("/settings/test", data=SERVER).text
    (told,) = models[0].asked
    assert told == [{"role": "user", "content": "Say hello."}]
    assert talk


@pytest.mark.parametrize("answer", ["", "  "])
def test_a_server_that_says_nothing_or_fails_is_told_of(client, monkeypatch, answer):
    def said(_messages):
        if not answer:
            raise ModelError('endpoint <b>"x": cannot be reached; is it running?')
        return answer

    monkeypatch.setattr(page_settings, "OpenAIChat", lambda _endpoint, **_options: ScriptedModel(said))
    told = client.post("/settings/test", data=SERVER).text
    assert 'class="trouble"' in told
    assert ("said nothing" in told) or ("&lt;b&gt;&#34;x&#34;: cannot be reached" in told)


def test_the_page_says_where_words_go(settings, parts, visit):
    far = replace(settings, endpoints={"persona": Endpoint("https://words.example/v1", "m")})
    page = Markup(visit(create(Simulator(far, parts))).get("/").text).text
    assert "Your words leave this machine, as you chose: persona to words.example." in page
    assert "Private: your words stay on this machine." not in page


def test_words_stay_here_unless_it_was_chosen_otherwise(client):
    page = Markup(client.get("/").text).text
    assert "Private: your words stay on this machine." in page
    assert "leave this machine" not in page


def test_what_the_environment_decides_is_told(client, monkeypatch):
    monkeypatch.setenv("SIMULATOR_BASE_URL", "http://localhost:5/v1")
    monkeypatch.setenv("SIMULATOR_MODEL", "outside")
    assert "not changed here: base_url, model." in Markup(client.get("/settings").text).text


def test_a_model_file_given_at_the_start_outlives_a_change(settings, parts, visit, tmp_path):
    client = visit(create(Simulator(replace(settings, model_path=tmp_path / "own.gguf"), parts)))
    assert client.post("/settings", data={"where": "embedded"}).status_code == 303
    found = client.app.state.rooms.simulator.settings
    assert (found.model_path, found.memory) == (tmp_path / "own.gguf", False)


def test_looks_are_this_browsers_and_touch_no_file(client, home):
    answer = client.post(
        "/settings", data={"theme": "dark", "size": "larger", "feedback": "end", "inside": "evil"}
    )
    assert answer.status_code == 303
    assert 'data-theme="dark" data-size="larger"' in client.get("/settings").text
    assert client.cookies.get("feedback") == "end"
    assert "inside" not in client.cookies
    assert not (home / "settings.toml").exists()
