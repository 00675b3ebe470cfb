"""Who may come in."""

import threading
from dataclasses import replace

import pytest
from starlette.routing import Mount

from simulator.session import Simulator
from simulator.settings import Endpoint
from simulator.web.app import ROUTES, create
from simulator.web.door import SEAT, TRIES, WINDOW_S, Door
from tests.web.conftest import PASSWORD, Asgi
from tests.web.test_guard import asked

PUBLIC = {"/login", "/alive"}
READING = {"accept": "text/html,*/*;q=0.8"}


class Clock:
    """Time that passes when a test says so."""

    def __init__(self):
        self.at = 1000.0

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def outside(locked, visit, clock):
    """A browser before the door."""
    locked.state.door._now = clock
    return visit(locked)


def enter(client, password=PASSWORD):
    return client.post("/login", data={"password": password})


def test_without_a_seat_every_page_leads_to_the_door(outside):
    for route in ROUTES:
        if isinstance(route, Mount) or route.path in PUBLIC:
            continue
        path = asked(route, "x")
        for method in route.methods:
            assert outside.request(method, path).status_code == 401, f"{method} {path}"
            if method in {"GET", "HEAD"}:
                led = outside.request(method, path, headers=READING)
                assert (led.status_code, led.headers["location"]) == (303, "/login")
            else:
                assert outside.request(method, path, headers=READING).status_code == 401
    assert outside.get("/nowhere").status_code == 401


def test_the_door_itself_its_style_and_its_pulse_need_no_seat(outside):
    for path in ("/login", "/alive", "/static/page.css"):
        assert outside.get(path).status_code == 200
    assert 'type="password"' in outside.get("/login").text


@pytest.mark.parametrize(
    "path", ["/static/../sessions", "/login/../sessions", "/static/%2e%2e/sessions", "/loginx"]
)
def test_no_path_goes_around_the_door(locked, path):
    assert Asgi(locked, path).status in {401, 404}


def test_the_password_gives_a_seat_that_no_script_reads_and_no_other_site_sends(outside):
    answer = enter(outside)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    told = answer.headers["set-cookie"].lower()
    assert told.startswith(f"{SEAT}=")
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in told.split(";")}
    assert outside.get("/settings").status_code == 200


@pytest.mark.parametrize("seat", ["", "guessed", "a" * 5000, "\\"])
def test_a_seat_that_was_not_given_out_here_is_none(outside, seat):
    assert outside.get("/settings", headers={"cookie": f"{SEAT}={seat}"}).status_code == 401


def test_a_seat_at_another_page_is_none_here(simulator, outside, visit):
    other = visit(create(simulator, password=PASSWORD))
    enter(other)
    assert outside.get("/settings", headers={"cookie": f"{SEAT}={other.cookies[SEAT]}"}).status_code == 401


def test_cookies_of_other_programs_on_this_machine_do_not_lock_out(outside):
    enter(outside)
    kept = f'tool={{"a": [1, 2]}}; {SEAT}={outside.cookies[SEAT]}'
    outside.cookies.clear()
    assert outside.get("/settings", headers={"cookie": kept}).status_code == 200


def test_wrong_passwords_are_bounded_and_the_bound_passes(outside, clock):
    for _ in range(TRIES - 1):
        assert enter(outside, "wrong").status_code == 401
    last = enter(outside, "wrong")
    refused = enter(outside)  # even the right one, now
    assert last.status_code == refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= WINDOW_S + 1
    assert f"wait {refused.headers['retry-after']} seconds" in refused.text
    clock.at += int(refused.headers["retry-after"])
    assert enter(outside).status_code == 303


def test_who_waits_as_told_is_not_told_to_wait_again(clock):
    door = Door(PASSWORD, now=clock)
    for _ in range(TRIES):
        assert door.enter("wrong", "here") is None
        clock.at += 3.3
    clock.at += door.wait_s("here")
    assert door.wait_s("here") == 0


def test_one_address_does_not_lock_out_another(clock):
    door = Door(PASSWORD, now=clock)
    for _ in range(TRIES):
        door.enter("wrong", "there")
    assert door.enter(PASSWORD, "there") is None
    assert door.enter(PASSWORD, "here")


def test_tries_at_the_same_time_are_bounded_too(clock, monkeypatch):
    door, looked = Door(PASSWORD, now=clock), []
    together = threading.Barrier(TRIES * 3)
    hashed = door._hashed
    monkeypatch.setattr(door, "_hashed", lambda password: looked.append(1) or hashed(password))

    def attempt():
        together.wait()
        door.enter("wrong", "there")

    attempts = [threading.Thread(target=attempt) for _ in range(TRIES * 3)]
    for each in attempts:
        each.start()
    for each in attempts:
        each.join()
    assert len(looked) == TRIES


def test_the_right_password_costs_no_try(clock):
    door = Door(PASSWORD, now=clock)
    seats = [door.enter(PASSWORD, "here") for _ in range(TRIES + 2)]
    assert all(seats)
    assert len(set(seats)) == len(seats)


def test_neither_password_nor_seat_is_kept_in_plain():
    door = Door(PASSWORD)
    seat = door.enter(PASSWORD, "here")
    door.enter("a wrong guess", "here")
    kept = repr(vars(door))
    assert "'here'" in kept  # what is looked through is what is kept
    for secret in (PASSWORD, seat, "a wrong guess"):
        assert secret not in kept


def test_signing_out_gives_the_seat_back(outside):
    enter(outside)
    seat = outside.cookies[SEAT]
    answer = outside.post("/leave")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert SEAT not in outside.cookies
    assert outside.get("/settings", headers={"cookie": f"{SEAT}={seat}"}).status_code == 401


def test_a_page_that_asks_for_no_password_shows_no_way_out(client, outside):
    assert "Sign out" not in client.get("/settings").text
    enter(outside)
    assert "Sign out" in outside.get("/settings").text


def test_who_stands_outside_learns_nothing_of_what_is_inside(locked, visit, settings, parts):
    far = replace(settings, endpoints={"persona": Endpoint("https://words.example/v1", "m")})
    page = visit(create(Simulator(far, parts), password=PASSWORD)).get("/login").text
    assert "words.example" not in page
    assert "Sign out" not in page


def test_over_tls_the_seat_stays_on_it(locked, visit):
    answer = enter(visit(locked, base_url="https://localhost"))
    assert "secure" in answer.headers["set-cookie"].lower()
