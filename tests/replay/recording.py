"""One cassette a session: bodies matched as JSON, headers by allow-list, no host, 2xx only."""

import json
from pathlib import Path

import vcr


def same_body(one, other):
    """Requests are the same when their JSON is."""
    assert json.loads(one.body) == json.loads(other.body)


def request_kept(request):
    """The path and the body; where the server listened is nobody's business."""
    request.uri = "http://model/v1/" + request.uri.split("/v1/")[1]
    request.headers = {"content-type": "application/json"}
    return request


def response_kept(response):
    """Whole answers only, without headers that name a machine or a time."""
    if not 200 <= response["status"]["code"] < 300:
        return None
    kind = response["headers"].get("content-type") or response["headers"].get("Content-Type")
    response["headers"] = {"content-type": kind}
    return response


def cassette(path: Path, mode: str):
    """A context in which requests to the model are recorded to, or played from, `path`."""
    machine = vcr.VCR(
        record_mode=mode,
        match_on=["method", "path", "llm"],
        decode_compressed_response=True,
        before_record_request=request_kept,
        before_record_response=response_kept,
    )
    machine.register_matcher("llm", same_body)
    return machine.use_cassette(str(path))
