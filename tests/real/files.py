"""Checks in front of nginx serving files: caching, validation, compression, ranges, big bodies."""

import gzip
import hashlib
import time

from clients import PROTOCOLS, curl, h2load, nghttp

BIG = 256 * 1024 * 1024


def write_files(directory):
    """The folder nginx serves."""
    rows = ",\n".join(f'  {{"id": {n}, "name": "product {n}", "stock": {n % 7}}}' for n in range(400))
    for folder in ("fresh", "brief", "never", "silent"):
        (directory / "files" / folder).mkdir(parents=True)
        (directory / "files" / folder / "page.json").write_text(f"[\n{rows}\n]\n", encoding="ascii")
    # Bytes that no encoder makes smaller, so that a size proves what was sent.
    noise = hashlib.shake_256(b"forebay").digest(1 << 20)
    (directory / "files" / "fresh" / "picture.png").write_bytes(noise[:20000])
    with open(directory / "files" / "silent" / "big.bin", "wb") as big:
        for _ in range(BIG >> 20):
            big.write(noise)


class Files:
    """Where the files are, and what nginx saw of it."""

    def __init__(self, directory, port):
        self.directory = directory
        self.url = f"http://127.0.0.1:{port}/files"

    def content(self, path):
        """What nginx serves under a path."""
        return (self.directory / "files" / path).read_bytes()

    def seen(self, path, status=""):
        """How many requests for a path reached nginx, with this status where one is given."""
        time.sleep(0.1)  # a server writes its log after it has answered
        log = (self.directory / "files.access").read_text(encoding="utf-8").splitlines()
        return sum(f" /files/{path} {status}" in f"{line} " for line in log)


def caching(report, files):
    """Explicit freshness is used, over both protocols, and nginx sees one request."""
    url, content = f"{files.url}/fresh/page.json", files.content("fresh/page.json")
    first = curl(url)
    report.check("files: the first answer is whole", first.body == content, len(first.body))
    told = first.fields.get("cache-status", "")
    report.check("files: the first answer says it was forwarded", "fwd=" in told, told)
    for protocol, version in (("HTTP/1.1", "1.1"), ("HTTP/2", "2")):
        again = curl(url, protocol=protocol)
        told = again.fields.get("cache-status", "")
        report.check(f"files: {protocol} gets a hit", "hit" in told and "fwd" not in told, told)
        report.check(f"files: {protocol} is what was spoken", again.version == version, again.version)
        report.check(f"files: {protocol} hit is whole", again.body == content, len(again.body))
        age = again.fields.get("age", "")
        report.check(f"files: {protocol} hit has an Age", age.isdigit() and int(age) < 60, age)
    head = curl(url, "--head")
    length = head.fields.get("content-length")
    report.check("files: HEAD has the length of GET", length == str(len(content)), length)
    seen = files.seen("fresh/page.json")
    report.check("files: nginx saw one request", seen == 1, seen)
    for _ in range(2):
        never = curl(f"{files.url}/never/page.json")
    told = never.fields.get("cache-status", "")
    report.check("files: no-store is never a hit", "hit" not in told, told)
    seen = files.seen("never/page.json")
    report.check("files: no-store reached nginx each time", seen == 2, seen)


def conditionals(report, files):
    """A client's conditionals are answered from the cache, and ours are asked of nginx."""
    url = f"{files.url}/fresh/page.json"
    fields = curl(url).fields
    for name, value in (("If-None-Match", fields["etag"]), ("If-Modified-Since", fields["last-modified"])):
        answer = curl(url, "-H", f"{name}: {value}")
        report.check(f"files: {name} gets 304", answer.status == 304, answer.status)
        report.check(f"files: 304 to {name} has no body", answer.body == b"", len(answer.body))
    answer = curl(url, "-H", 'If-None-Match: "other"')
    report.check("files: another ETag gets 200", answer.status == 200, answer.status)

    url, content = f"{files.url}/brief/page.json", files.content("brief/page.json")
    curl(url)
    time.sleep(2.2)  # nginx said max-age=1, and a real server's clock cannot be paused
    answer = curl(url)
    report.check("files: a stale answer is whole after revalidation", answer.body == content)
    told = answer.fields.get("cache-status", "")
    report.check("files: revalidation is told", "fwd=stale" in told, told)
    seen = files.seen("brief/page.json", 304)
    report.check("files: nginx confirmed with 304", seen == 1, seen)


def compression(report, files):
    """Each coding gives back the same bytes; what should be left alone is."""
    import brotli  # in the tests' own environment, see `run`
    import zstandard

    decoders = {
        "gzip": gzip.decompress,
        "br": brotli.decompress,
        "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    }
    content = files.content("fresh/page.json")
    for coding, decode in decoders.items():
        for protocol in PROTOCOLS:
            answer = curl(
                f"{files.url}/fresh/page.json", "-H", f"Accept-Encoding: {coding}", protocol=protocol
            )
            name = f"files: {coding} over {protocol}"
            used = answer.fields.get("content-encoding")
            report.check(f"{name} is used", used == coding, used)
            if used == coding:
                report.check(f"{name} decodes to the file", decode(answer.body) == content)
                smaller = len(answer.body) < len(content) // 2
                report.check(f"{name} is smaller", smaller, len(answer.body))
            vary = answer.fields.get("vary", "")
            report.check(f"{name} varies", "accept-encoding" in vary.lower(), vary)
            etag = answer.fields.get("etag", "")
            report.check(f"{name} has a weak ETag", etag.startswith("W/"), etag)
    for refusal in ("identity", "gzip;q=0, br;q=0, zstd;q=0"):
        answer = curl(f"{files.url}/fresh/page.json", "-H", f"Accept-Encoding: {refusal}")
        plain = "content-encoding" not in answer.fields and answer.body == content
        report.check(f"files: '{refusal}' gets it as it is", plain)
    answer = curl(f"{files.url}/fresh/page.json", "-H", "Accept-Encoding: gzip;q=0.5, br;q=1")
    used = answer.fields.get("content-encoding")
    report.check("files: q-values choose", used == "br", used)
    answer = curl(f"{files.url}/fresh/picture.png", "-H", "Accept-Encoding: gzip, br, zstd")
    untouched = answer.body == files.content("fresh/picture.png")
    report.check("files: a picture is left alone", untouched and "content-encoding" not in answer.fields)


def errors_and_ranges(report, files):
    """What nginx says beyond 200 arrives as it said it."""
    answer = curl(f"{files.url}/fresh/missing.json")
    report.check("files: 404 arrives", answer.status == 404 and b"nginx" in answer.body, answer.status)
    answer = curl(f"{files.url}/silent/page.json", "-r", "10-109", "-H", "Accept-Encoding: gzip")
    part = files.content("silent/page.json")[10:110]
    report.check("files: a range is 206", answer.status == 206, answer.status)
    report.check("files: a range is those bytes", answer.body == part, len(answer.body))
    answer = curl(f"{files.url}/fresh/page.json", "-X", "DELETE")
    report.check("files: 405 arrives", answer.status == 405, answer.status)


def second_client(report, files):
    """nghttp2's own client and load generator agree with curl."""
    status, body = nghttp(f"{files.url}/fresh/page.json")
    report.check("files: nghttp gets 200", status == 200, status)
    report.check("files: nghttp gets the file", body == files.content("fresh/page.json"), len(body))
    answered = h2load(f"{files.url}/fresh/page.json", 2000)
    report.check("files: h2load gets 2000 of 2000", answered == 2000, answered)


def big_download(report, files, forebay):
    """A body far beyond the memory limit streams through, byte for byte."""
    expected = hashlib.sha256()
    with open(files.directory / "files" / "silent" / "big.bin", "rb") as big:
        while block := big.read(1 << 20):
            expected.update(block)
    for protocol in PROTOCOLS:
        answer = curl(f"{files.url}/silent/big.bin", protocol=protocol)
        same = hashlib.sha256(answer.body).digest() == expected.digest()
        report.check(f"files: {BIG >> 20} MiB over {protocol} arrive", same, len(answer.body))
    peak = forebay.peak_rss_bytes() >> 20
    report.check("files: Forebay stayed below 64 MiB", peak < 64, f"{peak} MiB")


GROUPS = [caching, conditionals, compression, errors_and_ranges, second_client]
