#!/usr/bin/env python3
"""Reads what ctest wrote: the last line of tools/test, and the groups there are.

    summary.py FOLDER               sums up FOLDER/*.xml (JUnit form) in one line; exit 1 if any failed
    summary.py --late FILE          tests in FILE that failed only because something came too late
    summary.py --list BUILD         groups of a build folder, with how many tests each has
    summary.py --check BUILD GROUP  exit 1 and a message if a group does not exist
    summary.py --failure NAME TEXT  a JUnit file with one failed test

SPDX-License-Identifier: Apache-2.0
"""

import collections
import json
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as xml
from xml.sax.saxutils import quoteattr

# Groups that are no label of the Release build.
OWN_GROUPS = {"all", "sanitized"}
# How ctest says that a test skipped itself; anything else that did not run is a failure, such as a test
# whose program is missing.
SKIPPED = ("SKIP_RETURN_CODE", "SKIP_REGULAR_EXPRESSION", "Disabled")

# What tests/integration/worker/harness.py prints when it ran out of patience and saw nothing wrong.
SAYS_LATE = re.compile(r"^ *[0-9.]+ LATE: ", re.MULTILINE)
AGAIN = "-again"  # ends the name of the results of such tests' second run


def outcome(case):
    """passed, failed or skipped."""
    skipped = case.find("skipped")
    if case.get("status") == "run":
        return "passed"
    if case.get("status") == "disabled":
        return "skipped"
    if skipped is not None and (skipped.get("message") or "").startswith(SKIPPED):
        return "skipped"
    return "failed"


def late(file):
    for case in xml.parse(file).getroot().iter("testcase"):
        if outcome(case) == "failed" and SAYS_LATE.search(case.findtext("system-out") or ""):
            print(case.get("name"))
    return 0


def sum_up(folder):
    counts = collections.Counter()
    remarks = []
    again = set()  # tests whose second run is the one that counts
    files = sorted(pathlib.Path(folder).glob("*.xml"), key=lambda file: AGAIN not in file.stem)
    for file in files:
        try:
            cases = list(xml.parse(file).getroot().iter("testcase"))
        except xml.ParseError as error:
            counts["failed"] += 1
            remarks.append("failed: the results of %s cannot be read: %s" % (file.stem, error))
            continue
        for case in cases:
            name = "%s/%s" % (file.stem.removesuffix(AGAIN), case.get("name"))
            if file.stem.endswith(AGAIN):
                again.add(name)
                remarks.append("late in its first run, so run again: %s" % name)
            elif name in again:
                continue
            result = outcome(case)
            counts[result] += 1
            if result != "passed":
                remarks.append("%s: %s" % (result, name))
    if not files:
        counts["failed"] += 1
        remarks.append("failed: ctest left no results")
    print("\n".join([""] + sorted(remarks)))
    print("%d passed, %d failed, %d skipped" % tuple(
        counts[name] for name in ("passed", "failed", "skipped")))
    return 1 if counts["failed"] > 0 else 0


def labels(build):
    """How many tests carry each label."""
    shown = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    counts = collections.Counter()
    for test in json.loads(shown)["tests"]:
        for entry in test.get("properties", []):
            if entry["name"] == "LABELS":
                counts.update(entry["value"])
    return counts


def show(build):
    for label, count in sorted(labels(build).items()):
        print("%-12s %d tests" % (label, count))
    print("%-12s the quick groups again with sanitizers" % "sanitized")
    return 0


def check(build, groups):
    known = OWN_GROUPS | set(labels(build))
    unknown = [group for group in groups if group not in known]
    for group in unknown:
        print("test: no such group '%s': there are %s" % (group, " ".join(sorted(known))),
              file=sys.stderr)
    return 1 if unknown else 0


def failure(name, text):
    print('<testsuite name=%s><testcase name=%s status="fail"><failure message=%s/></testcase>'
          '</testsuite>' % (quoteattr(name), quoteattr(name), quoteattr(text)))
    return 0


def main(words):
    if words[:1] == ["--late"] and len(words) == 2:
        return late(words[1])
    if words[:1] == ["--list"] and len(words) == 2:
        return show(words[1])
    if words[:1] == ["--check"] and len(words) >= 2:
        return check(words[1], words[2:])
    if words[:1] == ["--failure"] and len(words) == 3:
        return failure(*words[1:])
    if len(words) == 1:
        return sum_up(words[0])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
