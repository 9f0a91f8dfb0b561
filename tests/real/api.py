"""Checks in front of httpbin under gunicorn: balancing, limits, streaming, errors, sharing."""

import json
import time

from clients import PROTOCOLS, curl, curls_at_once, nghttp


class Api:
    """Where the API is, and what its replicas saw."""

    def __init__(self, directory, port, replicas):
        self.directory = directory
        self.url = f"http://127.0.0.1:{port}"
        self.replicas = replicas

    def seen(self, path):
        """How many requests for a path reached each replica."""
        time.sleep(0.1)  # a server writes its log after it has answered
        return [
            (self.directory / f"{name}.access").read_text(encoding="utf-8").count(f" {path} ")
            for name in self.replicas
        ]


def balancing(report, api):
    """Both replicas work, and a dead one is not noticed by anybody."""
    for number in range(20):
        curl(f"{api.url}/anything/turn", protocol=("HTTP/1.1", "HTTP/2")[number % 2])
    seen = api.seen("/anything/turn")
    report.check("api: 20 requests are shared out evenly", seen == [10, 10], seen)
    statuses = {curl(f"{api.url}/get", "-H", "Host: half-dead.test").status for _ in range(10)}
    report.check("api: a refused connection is tried elsewhere", statuses == {200}, statuses)


def forwarding(report, api):
    """What the API learns about the client, and what it does not."""
    answer = curl(f"{api.url}/headers?show_env=1", "-H", "X-Forwarded-For: 203.0.113.9")
    told = {name.lower(): value for name, value in json.loads(answer.body)["headers"].items()}
    report.check("api: the peer is in X-Forwarded-For", "127.0.0.1" in told.get("x-forwarded-for", ""), told)
    invented = told.get("x-forwarded-for", "")
    report.check("api: a stranger's X-Forwarded-For is not believed", "203.0.113.9" not in invented, invented)
    report.check("api: Via is sent", "via" in told, told)
    report.check("api: a request id is sent", "x-request-id" in told, told)


def limits(report, api):
    """Three at once are allowed, the rest is told when to come again."""
    answers = [curl(f"{api.url}/anything/limited") for _ in range(5)]
    statuses = [answer.status for answer in answers]
    report.check("api: burst 3 of 5 pass", statuses == [200, 200, 200, 429, 429], statuses)
    denied = answers[-1]
    after = denied.fields.get("retry-after", "")
    report.check("api: 429 says when to retry", after.isdigit() and 1 <= int(after) <= 60, after)
    kind = denied.fields.get("content-type", "")
    report.check("api: 429 is a problem document", kind.startswith("application/problem+json"), kind)
    report.check("api: 429 has RateLimit", "ratelimit" in denied.fields, sorted(denied.fields))
    other = curl(f"{api.url}/anything/limited", protocol="HTTP/2")
    report.check("api: HTTP/2 shares the allowance", other.status == 429, other.status)
    seen = sum(api.seen("/anything/limited"))
    report.check("api: the API saw the allowed ones only", seen == 3, seen)


def streaming(report, api):
    """Bodies arrive piece by piece, whatever their framing."""
    for protocol in PROTOCOLS:
        answer = curl(f"{api.url}/stream/5", protocol=protocol)
        lines = [json.loads(line)["id"] for line in answer.body.splitlines()]
        report.check(f"api: /stream/5 over {protocol} has 5 lines", lines == [0, 1, 2, 3, 4], lines)
        answer = curl(f"{api.url}/drip?numbytes=4&duration=2&delay=0", protocol=protocol)
        report.check(f"api: /drip over {protocol} is whole", answer.body == b"****", answer.body)
        early = answer.first_byte < 1.0 < answer.total
        report.check(
            f"api: /drip over {protocol} is not held back",
            early,
            f"{answer.first_byte:.2f} s of {answer.total:.2f} s",
        )
    answer = curl(f"{api.url}/stream-bytes/100000?seed=1&chunk_size=1000")
    report.check("api: 100 chunks arrive", len(answer.body) == 100000, len(answer.body))
    status, body = nghttp(f"{api.url}/stream/3")
    report.check("api: nghttp reads a stream", status == 200 and body.count(b"\n") == 3, status)


def uploads(report, api, directory):
    """Request bodies arrive whole: with a length, chunked, with Expect, over HTTP/2."""
    payload = b"forebay " * 200_000
    (directory / "upload.txt").write_bytes(payload)
    upload = ("--data-binary", f"@{directory / 'upload.txt'}", "-H", "Content-Type: text/plain")
    kinds = {
        "with a length": (upload, "HTTP/1.1"),
        "chunked": ((*upload, "-H", "Transfer-Encoding: chunked"), "HTTP/1.1"),
        "with Expect": ((*upload, "-H", "Expect: 100-continue"), "HTTP/1.1"),
        "over HTTP/2": (upload, "HTTP/2"),
    }
    for name, (options, protocol) in kinds.items():
        answer = curl(f"{api.url}/post", *options, protocol=protocol)
        got = len(json.loads(answer.body)["data"]) if answer.status == 200 else answer.status
        report.check(f"api: an upload {name} arrives", got == len(payload), got)


def errors(report, api):
    """The API's own statuses pass; silence gets one of ours, in time."""
    for status in (204, 301, 404, 418, 500, 503):
        answer = curl(f"{api.url}/status/{status}", "-H", "Host: shared.test")
        report.check(f"api: {status} arrives", answer.status == status, answer.status)
    for _ in range(2):
        curl(f"{api.url}/status/500?again", "-H", "Host: shared.test")
    seen = sum(api.seen("/status/500?again"))
    report.check("api: 500 is not kept", seen == 2, seen)
    begin = time.monotonic()
    answer = curl(f"{api.url}/delay/5", "-H", "Host: impatient.test")
    took = time.monotonic() - begin
    report.check("api: silence is 504", answer.status == 504, answer.status)
    report.check("api: 504 comes at the timeout", 0.9 < took < 3, f"{took:.2f} s")


def sharing(report, api):
    """What may be kept is, and what belongs to one client is not."""
    shared = ("-H", "Host: shared.test")
    for _ in range(3):
        answer = curl(f"{api.url}/cache/60", *shared)
    told = answer.fields.get("cache-status", "")
    report.check("api: max-age is kept", "hit" in told, told)
    seen = sum(api.seen("/cache/60"))
    report.check("api: the API saw it once", seen == 1, seen)
    answers = curls_at_once(f"{api.url}/delay/1?together", 10, *shared)
    bodies = {answer.body for answer in answers}
    report.check("api: 10 at once get one answer", len(bodies) == 1, len(bodies))
    seen = sum(api.seen("/delay/1?together"))
    report.check("api: 10 at once are one fetch", seen == 1, seen)
    for secret in (("-H", "Authorization: Bearer a"), ("-H", "Cookie: session=a")):
        path = f"/anything/secret-{secret[1][:4].lower()}"
        for _ in range(2):
            curl(f"{api.url}{path}", *shared, *secret)
        seen = sum(api.seen(path))
        report.check(f"api: not shared with {secret[1].split(':')[0]}", seen == 2, seen)
    for _ in range(2):
        answer = curl(f"{api.url}/response-headers?Set-Cookie=a%3Db", *shared)
    told = answer.fields.get("cache-status", "")
    cookie = answer.fields.get("set-cookie")
    report.check("api: Set-Cookie arrives and is not kept", cookie == "a=b" and "hit" not in told, told)
    answer = curl(f"{api.url}/etag/abc", "-H", "If-None-Match: abc")
    report.check("api: a conditional passes through", answer.status == 304, answer.status)
    answer = curl(f"{api.url}/gzip", "--compressed", *shared)
    report.check("api: the API's own gzip is left as it is", json.loads(answer.body)["gzipped"] is True)


GROUPS = [balancing, forwarding, limits, streaming, errors, sharing]
