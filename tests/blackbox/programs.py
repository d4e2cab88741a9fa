"""Runs sanctiond and sanctionctl as a user would, and reads what they put out.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SANCTIOND_BIN", ROOT / "build" / "bin"))
SEED = "audit.seed=" + "0123456789abcdef" * 4
SECONDS_MAX = 120

OUTPUTS = ("restrictions", "standings", "peer-display", "review-requests", "authority-reports",
           "notices", "audit", "dead-letters")


class Ended:
    """How a program ended."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = err

    def __repr__(self):
        return "exit %d\n--- stdout ---\n%s\n--- stderr ---\n%s" % (
            self.code, self.out[-3000:], self.err[-3000:])

    def problems(self):
        """Lines of stderr that are no log line."""
        return [line for line in self.err.splitlines() if not line.startswith("time=")]


def run(program, *words, stdin=None, seconds=SECONDS_MAX):
    done = subprocess.run([str(BIN / program), *map(str, words)], input=stdin or "", text=True,
                          capture_output=True, timeout=seconds, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


def settings(values):
    words = []
    for value in values:
        words += ["--set", value]
    return words


class ProgramTest(unittest.TestCase):
    """A test with a folder of its own."""

    maxDiff = 4000

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sanctiond-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.started = []
        self.addCleanup(self.end_all)

    def end_all(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
            for pipe in (process.stdout, process.stderr, process.stdin):
                if pipe is not None:
                    pipe.close()

    def file(self, name, lines):
        """A file of JSON lines; a line may be text already."""
        path = self.folder / name
        with open(path, "w", encoding="utf-8") as file:
            for line in lines:
                file.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
        return path

    def engine(self, data, *inputs, sets=(), drain=True, output=None, more=(), stdin=None):
        """One run on the directory `data` (a name in the test's folder) over lists of lines."""
        words = ["run", "--embedded", self.place(data), *settings([SEED, *sets])]
        for number, lines in enumerate(inputs):
            words += ["--input", self.file("input-%s-%d.jsonl" % (data, number), lines)]
        if drain:
            words.append("--drain")
        if output is not None:
            words += ["--output", output]
        return run("sanctiond", *words, *more, stdin=stdin)

    def start(self, data, *words, sets=()):
        """sanctiond in the background, on the directory `data`."""
        process = subprocess.Popen(
            [str(BIN / "sanctiond"), "run", "--embedded", str(self.place(data)),
             *settings([SEED, *sets]), *map(str, words)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.started.append(process)
        return process

    def wait_for(self, process, event):
        """Waits for a line `event=...` of the log."""
        deadline = time.monotonic() + SECONDS_MAX
        seen = []
        while time.monotonic() < deadline:
            line = process.stderr.readline()
            if not line:
                break
            seen.append(line)
            if ("event=" + event) in line:
                return
        self.fail("no '%s' in the log:\n%s" % (event, "".join(seen)))

    def control(self, data, *words, sets=(), stdin=None):
        return run("sanctionctl", *words, "--embedded", self.place(data),
                   *settings([SEED, *sets]), stdin=stdin)

    def place(self, data):
        return data if data == ":memory:" else self.folder / data

    def good(self, ended):
        self.assertEqual(ended.code, 0, ended)
        return ended

    def same(self, first, second, what=""):
        """Equal essences; the first difference otherwise, since a diff of megabytes takes minutes."""
        self.assertEqual(sorted(first), sorted(second), what)
        for place in sorted(first):
            for number, (one, other) in enumerate(zip(first[place], second[place])):
                if one != other:
                    self.assertEqual(one, other, "%s record %d %s" % (place, number, what))
            self.assertEqual(len(first[place]), len(second[place]), "%s %s" % (place, what))

    def records(self, data, *topics, sets=()):
        """What is in topics, as `sanctionctl tail` shows it."""
        ended = self.good(self.control(data, "tail", *topics, "--from-beginning", sets=sets))
        return [json.loads(line) for line in ended.out.splitlines()]

    def values(self, data, topic, **wanted):
        """Values of the records of one topic, those whose fields are as wanted."""
        return [line["value"] for line in self.records(data, topic)
                if line.get("value") is not None and
                all(line["value"][name] == value for name, value in wanted.items())]


def essence(lines):
    """Records of topics without what depends on how transactions were cut: receipts, append time,
    and the order between partitions."""
    partitions = {}
    for line in lines:
        if line["topic"] != "receipts":
            partitions.setdefault((line["topic"], line["partition"]), []).append(
                (line["key"], line.get("type"), line.get("value"), line.get("raw")))
    return partitions


def end(process, number=signal.SIGTERM, seconds=30):
    """Sends a signal and waits; the exit code, negative if a signal ended it."""
    process.send_signal(number)
    return process.wait(seconds)
