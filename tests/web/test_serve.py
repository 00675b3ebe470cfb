"""Where the page listens, and what it asks for at the door."""

import socket

import pytest

from simulator.errors import InputError
from simulator.web import serve as serving
from simulator.web.door import Door
from simulator.web.guard import LOOPBACK

HERE = "127.0.0.1"


@pytest.fixture
def taken():
    """A port that somebody listens on."""
    with socket.create_server((HERE, 0)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
def served(simulator, monkeypatch):
    """`served(host=...)` serves until it would have to wait, and tells what would have been served."""
    told = {"lines": [], "opened": []}

    class Server:
        def __init__(self, config):
            told["config"] = config

        async def serve(self, sockets):
            told["address"] = sockets[0].getsockname()
            sockets[0].close()

    monkeypatch.setattr(serving.uvicorn, "Server", Server)
    monkeypatch.setattr(serving.os, "_exit", lambda code: told.update(left=code))
    monkeypatch.setattr(serving.threading, "Timer", lambda _s, work, given: Later(work, given))
    monkeypatch.setattr(serving.webbrowser, "open", told["opened"].append)

    def serve(**options):
        given = {"host": HERE, "port": 0, "exact": True, "password": "", "look": False} | options
        serving.serve(simulator, **given, tell=told["lines"].append)
        return told

    return serve


class Later:
    """A timer that does not wait."""

    def __init__(self, work, given):
        self._work, self._given = work, given

    def start(self):
        self._work(*self._given)


def guard(told):
    (layer,) = told["config"].app.user_middleware
    return layer.kwargs


@pytest.mark.enable_socket
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_on_this_machine_it_asks_for_no_password_and_answers_to_its_own_names_only(served, host):
    told = served(host=host)
    assert guard(told)["door"].open
    assert guard(told)["hosts"] == LOOPBACK
    assert told["address"][0] == HERE
    assert told["lines"] == [
        f"Practise at http://localhost:{told['address'][1]}/ (Ctrl-C stops it; what was said is kept)."
    ]


@pytest.mark.enable_socket
def test_elsewhere_it_makes_a_password_and_tells_it_once(served):
    told = served(host="0.0.0.0")
    (made,) = (line.split()[4] for line in told["lines"] if line.startswith("Password for this run: "))
    door: Door = guard(told)["door"]
    assert len(made) >= serving.SHORTEST_PASSWORD
    assert not door.open
    assert door.enter(made, "x")
    assert guard(told)["hosts"] == ()
    assert any("Others on this network can reach it" in line for line in told["lines"])
    assert served(host="0.0.0.0")["lines"].count(told["lines"][0]) == 1  # another run, another password


@pytest.mark.enable_socket
@pytest.mark.parametrize("host", ["0.0.0.0", HERE])
def test_a_password_of_ones_own_is_asked_for_anywhere_and_never_told(served, host):
    told = served(host=host, password="long enough")
    assert guard(told)["door"].enter("long enough", "x")
    assert not any("long enough" in line for line in told["lines"])


@pytest.mark.parametrize("host", ["0.0.0.0", HERE])
def test_a_short_password_is_refused_before_anything_listens(served, host):
    with pytest.raises(InputError, match="SIMULATOR_WEB_PASSWORD: shorter than 8 characters"):
        served(host=host, password="seven77")


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "192.168.1.7", "127.0.0.2", "example.org"])
def test_every_address_but_the_loopback_names_is_elsewhere(host):
    lines = []
    assert serving._password("", far=host not in serving.LOOPBACK_HOSTS, tell=lines.append)
    assert lines


@pytest.mark.enable_socket
def test_a_port_that_was_asked_for_and_is_taken_is_an_error(served, taken):
    with pytest.raises(InputError, match=f"--host {HERE} --port {taken}: .*in use; choose another"):
        served(port=taken)


@pytest.mark.enable_socket
def test_a_port_that_was_not_asked_for_gives_way_to_the_next_free_one(served, taken):
    told = served(port=taken, exact=False)
    assert told["address"][1] != taken
    assert f":{told['address'][1]}/" in told["lines"][0]


@pytest.mark.enable_socket
def test_a_port_is_ones_own_from_when_it_is_told():
    with serving._socket(HERE, 0, exact=True) as first:
        port = first.getsockname()[1]
        with pytest.raises(InputError):
            serving._socket(HERE, port, exact=True)
        with socket.create_connection((HERE, port), timeout=5):
            pass  # whoever opens the address before the server runs waits for it


@pytest.mark.enable_socket
def test_an_address_that_is_not_ours_is_an_error():
    with pytest.raises(InputError, match=r"--host 203\.0\.113\.9 --port 8420: .*; choose another"):
        serving._socket("203.0.113.9", 8420, exact=True)


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        (HERE, "http://localhost:1/"),
        ("0.0.0.0", "http://localhost:1/"),
        ("::1", "http://localhost:1/"),
        ("192.168.1.7", "http://192.168.1.7:1/"),
        ("fe80::7", "http://[fe80::7]:1/"),
    ],
)
def test_the_address_that_is_told_can_be_opened(host, shown):
    assert serving._address(host, 1) == shown


@pytest.mark.enable_socket
def test_a_browser_is_opened_when_it_is_wanted(served):
    assert served()["opened"] == []
    told = served(look=True)
    assert told["opened"] == [f"http://localhost:{told['address'][1]}/"]


@pytest.mark.enable_socket
def test_the_server_keeps_no_log_of_what_is_asked(served):
    config = served()["config"]
    assert config.access_log is False
    assert config.server_header is False
