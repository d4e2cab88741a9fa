#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the engine with the naive interpreter on seeded random streams.

compare.py --seeds FROM-TO [--theme NAME] [--show N] [--jobs N] [--minutes N]    many streams
compare.py --exhaustive --length N [--part K/M]                every sequence of N confirmed acts
compare.py --findings                                              the findings, one by one
compare.py [--all] --file LINES                                    one file of lines

A stream that differs is shrunk while it still differs in the same way; it is written to a file that
--file takes. Exit 1 if anything differs. README.md says what is compared and what is not.
"""

import argparse
import collections
import concurrent.futures
import gc
import glob
import itertools
import json
import os
import re
import sys
import tempfile
import time

import engine
import exhaustive
import generate
import interpreter
import known
import policy as policy_file
from world import WHAT

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def naive(options, lines):
    """The subjects of the interpreter, and those that are left out for what is known."""
    reader = interpreter.Interpreter(policy_file.load(options.policy))
    subjects = reader.run(lines)
    doubts = set() if options.all else set(known.KNOWN)
    left_out = {doubt for s in subjects.values() for doubt in s.doubts} & doubts
    return {name: dict(s.out, silent=s.silent) for name, s in subjects.items()}, left_out


def heard(notices, silent):
    """The engine's notice requests but those to a memorial or to who has gone, without their times."""
    return [entry[:-1] for entry in notices
            if not any(since <= entry[-1] and (to is None or entry[-1] < to) for since, to in silent)]


def differences(found, subjects, prefix="", kinds_of=WHAT):
    """(subject, what, place, engine's, interpreter's) of each difference."""
    result = []
    names = {name for name in found.out if prefix in name} | set(subjects)
    for name in sorted(names):
        for what in kinds_of:
            theirs, ours = found.out.get(name, {}), subjects.get(name, {})
            a, b = theirs.get(what, []), ours.get(what, [])
            if what == "notices":
                a = heard(a, ours.get("silent", []))
            a, b = known.normal(what, a), known.normal(what, b)
            if a != b:
                at = next((i for i in range(min(len(a), len(b))) if a[i] != b[i]),
                          min(len(a), len(b)))
                result.append((name, what, at, a[at:at + 3], b[at:at + 3]))
    return result


def check(options, lines):
    """The differences of one stream, and the known ones that it meets."""
    subjects, left_out = naive(options, lines)
    if left_out:
        return [], left_out
    found = engine.Engine(options.sanctiond, options.policy).compare_form(lines)
    return ([] if found.unsettled else differences(found, subjects)), left_out


def kinds(found):
    """What differs, without times and numbers, so that shrinking keeps to one difference."""
    return {(name.split(":")[0], what, words(a), words(b)) for name, what, _, a, b in found}


def words(entries):
    first = entries[0] if entries else ()
    return tuple(w for w in (first if isinstance(first, tuple) else (first,))
                 if isinstance(w, str) and w.isupper() and len(w) > 1)[:3]


def shrink(options, lines):
    """Drops lines while what differs stays the same kind of thing."""
    want, size = kinds(check(options, lines)[0]), max(1, len(lines) // 2)
    while size >= 1:
        at = 0
        while at < len(lines):
            less = lines[:at] + lines[at + size:]
            if less and want & kinds(check(options, less)[0]):
                lines = less
            else:
                at += size
        size //= 2
    return lines


def show(options, seed, lines):
    small = shrink(options, lines)
    path = os.path.join(tempfile.gettempdir(), "interpreter-%s.jsonl" % seed)
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in small)
    print("%s, shrunk to %d lines: %s" % (seed, len(small), path))
    for line in small:
        print("  " + json.dumps(line))
    for name, what, at, a, b in check(options, small)[0]:
        print("%s %s[%d]\n    engine      %s\n    interpreter %s" % (name, what, at, a, b))


def batch(options, streams):
    """Runs many streams through one process; returns those that differ and what was known."""
    end = {"advance": streams[-1][1][-1]["advance"] + 100 * generate.DAY}
    lines = sum((lines for _, lines in streams), []) + [end]
    found = engine.Engine(options.sanctiond, options.policy).compare_form(lines)
    failed, met, unsettled = [], collections.Counter(), 0
    for name, lines in streams:
        lines = lines + [end]
        subjects, left_out = naive(options, lines)
        met.update(left_out)
        met["streams"] += 1 if left_out else 0
        if not left_out and differences(found, subjects, ":" + name + "-"):
            failed.append((name, lines))
    if found.unsettled:  # ids of one stream may hang on those of another: each alone
        failed = [(name, lines) for name, lines in failed if check(options, lines)[0]]
    return failed, met, unsettled


def seeds_batch(options, first, last):
    streams, start = [], generate.FIRST
    for seed in range(first, last + 1):
        lines, start = generate.stream(seed, start, options.theme)
        streams.append(("s%d" % seed, lines))
    if options.theme == ["versions"]:  # a version would hold for the streams after it
        return one_by_one(options, streams)
    return batch(options, streams)


def one_by_one(options, streams):
    failed, met = [], collections.Counter()
    for name, lines in streams:
        differ, left_out = check(options, lines)
        met.update(left_out)
        met["streams"] += 1 if left_out else 0
        if differ:
            failed.append((name, lines))
    return failed, met, 0


def one_of_each(options, failed):
    """Streams that differ each in another way, the shortest of each first."""
    seen, chosen = set(), []
    for name, lines in sorted(failed, key=lambda f: len(f[1]))[:40 * options.show]:
        ways = kinds(check(options, lines)[0])
        if not ways & seen:
            chosen.append((name, lines))
        seen |= ways
    return chosen


def variant(path, theme):
    """The policy file of a theme: some need smaller numbers to come to what they are about."""
    numbers = generate.NUMBERS.get(theme, {})
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for name, number in numbers.items():
        text, found = re.subn(r"(?m)^(\s*%s:) \d+" % name, r"\g<1> %d" % number, text)
        assert found == 1, name
    target = os.path.join(tempfile.mkdtemp(), "policy.yaml")
    with open(target, "w", encoding="utf-8") as file:
        file.write(text)
    return target


def exhaustive_batch(options, part, parts, first):
    """Some sequences of a part, side by side in one process."""
    chosen = itertools.islice(exhaustive.sequences(options.length, part, parts), first,
                              first + exhaustive.SIDE_BY_SIDE)
    streams = exhaustive.streams(chosen)
    lines = sorted(sum((lines for _, lines in streams), []), key=lambda line: line["timestamp"])
    end = {"advance": lines[-1]["timestamp"] + 70 * generate.DAY}
    alone = "topologies=" + os.path.join(ROOT, "topologies/sanctions.yaml")
    found = engine.Engine(options.sanctiond, options.policy, ("--set", alone)).compare_form(
        lines + [end])
    failed = []
    for name, lines in streams:
        lines = lines + [end]
        own = "USER:%s-u" % name
        if differences(found.of(own), naive(options, lines)[0], kinds_of=exhaustive.COMPARED):
            failed.append((name, lines))
    return failed, collections.Counter(), 0


def run_exhaustive(options):
    """The tasks of one part of all sequences, and how many they are."""
    part, parts = (int(n) for n in options.part.split("/"))
    count = exhaustive.count(options.length, part, parts)
    return [(exhaustive_batch, part, parts, first)
            for first in range(0, count, exhaustive.SIDE_BY_SIDE)], count


def run_findings(options):
    """Each finding once more: a finding without difference may be closed."""
    for path in sorted(glob.glob(os.path.join(HERE, "findings", "*.jsonl"))):
        with open(path, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file if line.strip()]
        found = check(options, lines)[0]
        print("%-48s %s" % (os.path.basename(path), " ".join(
            sorted({what for _, what, _, _, _ in found})) or "no difference"))
    return 0


def run_all(options, tasks):
    """The batches, by some processes while there is time; (streams that differ, known, batches run)."""
    failed, met, done = [], collections.Counter(), 0
    until = time.monotonic() + 60 * options.minutes
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        while done < len(tasks) and time.monotonic() < until:
            some = tasks[done:done + options.jobs]
            for differ, known_some, _ in pool.map(call, [(options, *task) for task in some]):
                failed += differ
                met += known_some
            done += len(some)
    return failed, met, done


def call(task):
    gc.disable()  # looking through millions of lines for what goes anyway takes a fifth of the time
    result = task[1](task[0], *task[2:])
    gc.collect()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sanctiond", default=os.path.join(ROOT, "build/bin/sanctiond"))
    parser.add_argument("--policy", default=os.path.join(ROOT, "config/policies/default.yaml"))
    parser.add_argument("--seeds", default="0-299")
    parser.add_argument("--theme", type=lambda names: names.split(","),
                        help="some of %s" % ", ".join(generate.THEMES))
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e6, help="take no new batch after")
    parser.add_argument("--show", type=int, default=1)
    parser.add_argument("--file")
    parser.add_argument("--findings", action="store_true")
    parser.add_argument("--exhaustive", action="store_true")
    parser.add_argument("--length", type=int, default=4)
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--all", action="store_true", help="also where differences are known")
    options = parser.parse_args()
    if options.theme and set(options.theme) & set(generate.ALONE):
        assert len(options.theme) == 1, "this theme goes alone"
        options.policy = variant(options.policy, options.theme[0])
    if options.file:
        with open(options.file, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file if line.strip()]
        found, left_out = check(options, lines)
        for name, what, at, a, b in found:
            print("%s %s[%d]\n    engine      %s\n    interpreter %s" % (name, what, at, a, b))
        print("%d differences%s" % (len(found), " (known: %s)" % left_out if left_out else ""))
        return 1 if found else 0
    if options.findings:
        options.all = True
        return run_findings(options)
    first, last = (int(part) for part in options.seeds.split("-"))
    tasks = [(seeds_batch, seed, min(seed + options.batch - 1, last))
             for seed in range(first, last + 1, options.batch)]
    count = last - first + 1
    if options.exhaustive:
        tasks, count = run_exhaustive(options)
    failed, met, done = run_all(options, tasks)
    if done < len(tasks):
        count = done * (exhaustive.SIDE_BY_SIDE if options.exhaustive else options.batch)
        print("time is up: go on with %s" % (tasks[done][1] if not options.exhaustive
                                             else "a smaller part"))
    for name, lines in one_of_each(options, failed)[:options.show]:
        show(options, name, lines)
    print("%d streams, %d left out, %d differ: %s" % (
        count, met.pop("streams", 0), len(failed), " ".join(name for name, _ in failed[:20])))
    if met:
        print("left out for what is known: %s" % dict(met))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
