"""The two clients, curl and nghttp2's tools, and the list of what they found."""

import json
import re
import subprocess
import traceback
from collections import namedtuple

Answer = namedtuple("Answer", "status version fields body first_byte total")
PROTOCOLS = {"HTTP/1.1": "--http1.1", "HTTP/2": "--http2-prior-knowledge"}


class Report:
    """Counts checks and prints one line for each."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, name, holds, found=""):
        """One check; what was found is printed when it does not hold."""
        if holds:
            self.passed += 1
            print(f"ok    {name}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL  {name}{f': {found}' if found != '' else ''}", flush=True)

    def run(self, group, *arguments):
        """A group of checks; an exception in it is one failed check, and the next group runs."""
        try:
            group(self, *arguments)
        except Exception as error:  # pylint: disable=broad-except
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.check(group.__name__, False, f"{type(error).__name__}: {error} (line {where.lineno})")


def curl_argv(url, *options, protocol="HTTP/1.1"):
    """The command line of one request; head and body on stdout, the measurements on stderr."""
    measure = "%{stderr}%{json}"
    argv = ["curl", "-sS", "-i", "--max-time", "30", "-w", measure]
    return [*argv, PROTOCOLS[protocol], *options, url]


def curl(url, *options, protocol="HTTP/1.1", stdin=None):
    """One request; the final answer."""
    argv = curl_argv(url, *options, protocol=protocol)
    done = subprocess.run(argv, input=stdin, capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").partition("\n")[0]
        raise OSError(f"{url}: {said}")
    return read_answer(done.stdout, done.stderr)


def read_answer(output, measured):
    """Takes curl's output apart; interim responses come before the final one."""
    text = measured.decode(errors="replace")
    told = json.loads(text[text.index("{") :])
    rest = output
    while True:
        head, _, rest = rest.partition(b"\r\n\r\n")
        status = int(head.split(None, 2)[1])
        if status >= 200 or status == 101:
            break
    fields = {}
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return Answer(
        status,
        told["http_version"],
        fields,
        rest,
        float(told["time_starttransfer"]),
        float(told["time_total"]),
    )


def curls_at_once(url, count, *options):
    """The same request so many times at the same moment; the final answers."""
    running = [
        subprocess.Popen(
            curl_argv(url, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(count)
    ]
    return [read_answer(*process.communicate(timeout=60)) for process in running]


def nghttp(url, *options):
    """One HTTP/2 request by prior knowledge; status and body."""
    argv = ["nghttp", "-t", "30", *options]
    body = subprocess.run([*argv, url], capture_output=True, timeout=60, check=True).stdout
    told = subprocess.run([*argv, "-nv", url], capture_output=True, timeout=60, check=True).stdout
    plain = re.sub(rb"\x1b\[[0-9;]*m", b"", told)
    status = re.search(rb":status: (\d+)", plain)
    return int(status[1]) if status else 0, body


def h2load(url, requests):
    """Many HTTP/2 requests over few connections; how many were answered with 2xx."""
    argv = ["h2load", "-n", str(requests), "-c", "4", "-m", "16", url]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
    answered = re.search(r"status codes: (\d+) 2xx", done.stdout)
    return int(answered[1]) if answered else 0
