"""Child processes of bench/ and real/: started, watched through /proc, always ended."""

import ctypes
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
PR_SET_PDEATHSIG = 1


class Failure(Exception):
    """Something that makes the numbers meaningless; its text is for the operator."""


def free_ports(names):
    """A port nobody listens on for each name: held together, so that none is given out twice."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in names]
    ports = {name: sock.getsockname()[1] for name, sock in zip(names, held)}
    for sock in held:
        sock.close()
    return ports


class Server:
    """One server and everything it forks."""

    def __init__(self, name, argv, core=None, env=None, log=None):
        self.name = name
        self.log = log
        out = open(log, "wb") if log else subprocess.DEVNULL
        self.process = subprocess.Popen(
            argv,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=lambda: become_child(core),
        )

    def pids(self):
        """The process and all that descend from it."""
        found = [self.process.pid]
        for pid in found:
            try:
                with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
                    found += [int(child) for child in children.read().split()]
            except FileNotFoundError:
                pass
        return found

    def cpu_seconds(self):
        """User and system time so far; /proc/PID/stat sums the threads already."""
        ticks = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                    # The command may hold spaces and brackets: count from the last bracket.
                    fields = stat.read().rpartition(")")[2].split()
                    ticks += int(fields[11]) + int(fields[12])
            except FileNotFoundError:
                pass
        return ticks / TICKS

    def rss_bytes(self):
        """Resident memory now, summed over the processes (shared pages count in each)."""
        total = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
                    total += int(statm.read().split()[1]) * PAGE
            except FileNotFoundError:
                pass
        return total

    def peak_rss_bytes(self):
        """The most resident memory the first process ever had."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            kib = next(line.split()[1] for line in status if line.startswith("VmHWM:"))
        return int(kib) * 1024

    def wait_until_up(self, url, seconds=15):
        """Until the URL answers 200; the log's end is part of the message when it does not."""
        end = time.monotonic() + seconds
        last = "no answer"
        while time.monotonic() < end:
            if self.process.poll() is not None:
                last = f"exited with {self.process.returncode}"
                break
            try:
                with urllib.request.urlopen(url, timeout=2) as answer:
                    if answer.status == 200:
                        answer.read()
                        return
            except (urllib.error.URLError, OSError) as error:
                last = str(error)
            time.sleep(0.05)
        raise Failure(f"{self.name} does not answer {url}: {last}\n{self.log_tail()}")

    def log_tail(self):
        """The last lines of what the server said."""
        if not self.log or not os.path.exists(self.log):
            return ""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-15:])

    def stop(self):
        """Ends the server and its children, politely first."""
        for step, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            try:
                os.killpg(self.process.pid, step)
            except ProcessLookupError:
                pass
            try:
                self.process.wait(patience)
                return
            except subprocess.TimeoutExpired:
                continue


def become_child(core):
    """In the child before exec: one core where asked, and no life beyond the caller's own."""
    if core is not None:
        os.sched_setaffinity(0, {core})
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
