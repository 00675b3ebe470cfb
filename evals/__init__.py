"""Is the behaviour good? Scores and benchmarks; never run by the tests."""
