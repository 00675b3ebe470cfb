"""The child process that serves a GGUF file on loopback; run as `python -m simulator.serving`.

It reads one JSON line of options from standard input, answers with one JSON line (the address or
the reason it failed), and lives until that pipe closes: when its parent is gone, so is it. (Not
Linux's parent-death signal: that is sent when the *thread* ends that started the child.)
"""

import contextlib
import json
import os
import signal
import sys
from typing import Any


def main() -> None:
    """Serve until standard input closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the parent's to handle
    options = json.loads(sys.stdin.readline())
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever the server prints must not reach the answering pipe
    try:
        server = _server(options)
    except RuntimeError as error:
        print(json.dumps({"error": str(error)}), file=answer, flush=True)
        return
    print(json.dumps({"url": server.listening_address + "/v1"}), file=answer, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        while sys.stdin.readline():
            pass
    os._exit(0)  # threads of a request that nobody awaits any more must not delay the exit


def _server(options: dict[str, Any]) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = options["model"]
    params.n_ctx = options["context"]
    params.n_parallel = 1
    params.port = 0
    params.hostnames = ["127.0.0.1"]
    params.api_keys = [options["key"]]
    params.model_alias = [options["alias"]]
    params.verbosity = 1
    params.ui = False
    params.cache_ram_mib = 256
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = options["threads"]
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
