"""The pytest plugin in a project of a user's own."""

pytest_plugins = ["pytester"]


def test_talks_are_test_items_that_pass_and_fail(record, pytester):
    from tests.evals.conftest import SUITE

    bench = record(SUITE.replace("min_turns: 2}}\n      - {{id: in", "min_turns: 9}}\n      - {{id: in"))
    (path,) = bench.suites
    ran = pytester.runpytest("-p", "no:cacheprovider", "--simulator-suite", str(path.parent), "-v", "-rA")
    out = ran.stdout.str()
    assert ran.parseoutcomes()["failed"] == 2
    assert "missed-maya-e01 FAILED" in out
    assert "fail: goes-on: 2 turns, fewer than 9" in out
    assert ran.ret == 1


def test_a_missing_recording_fails_with_what_to_do(suite, pytester):
    ran = pytester.runpytest("--simulator-suite", str(suite()), "-p", "no:cacheprovider")
    ran.assert_outcomes(failed=3)
    assert "drift: persona: never recorded; `simulator eval record SUITES --missing`" in ran.stdout.str()


def test_without_the_option_nothing_is_collected(suite, pytester):
    pytester.makepyfile("def test_one(): pass")
    ran = pytester.runpytest("-p", "no:cacheprovider")
    ran.assert_outcomes(passed=1)
