#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the engine with the naive interpreter on seeded random streams.

compare.py [--sanctiond FILE] [--policy FILE] [--seeds FROM-TO] [--batch N]     many streams
compare.py [--sanctiond FILE] [--policy FILE] [--all] --file LINES              one file of lines

The first stream that differs is shrunk while it still differs; it is written to a file that --file
takes. Exit 1 if anything differs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import generate
import interpreter
import policy as policy_file

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SEED = "".join("%02x" % i for i in range(32))
WHAT = ("restrictions", "reviews", "outcomes", "peers", "standings", "notices", "reporter_notices",
        "dead")

# Notice kinds that the interpreter does not produce.
UNREAD = ("EDUCATION_TIP", "PROOF_REQUEST")
# Rules on which the engine is known to differ from the text, or the text to allow both: a
# subject that meets one is left out.
KNOWN = {
    "verdict-while-friend-report-waits":
        "F9, I.5: a friend's report waits for a proof; the engine: a verdict on its case answers it",
    "consent-of-a-case-found-not-spam":
        "I.5, I.7: withdrawn consent raises SPAM_* only; the engine: whatever the verdict finds",
    "act-of-a-strike-that-ended":
        "F16 'never': the engine forgets a strike that ended, at the end of its appeal window",
    "appeal-against-a-hold":
        "I.16: every audited decision may be appealed; the engine refuses it for a lapsed hold",
    "act-decided-twice":
        "I.4 does not say which decision answers when an act was decided in two cases",
    "strict-report-after-critical-verdict":
        "I.4, I.8: an act decided CRITICAL was decided in lane O; the engine opens a case",
}


def engine(program, lines):
    """What the engine wrote, as {subject: {what: [entry, ...]}}; "@N" targets become real ids."""
    found, decisions = run(program, lines, {})
    targets = sum(1 for line in lines if "@" in line.get("value", {}).get("target_decision_id", ""))
    for _ in range(min(targets, 6)):
        known = decisions
        found, decisions = run(program, lines, known)
        if decisions == known:
            break
    return found


def named(line, decisions):
    """The line with the decision that "@N" names: the N-th APPLY of its subject, or none."""
    value = line.get("value", {})
    if "target_decision_id" not in value:
        return line
    ids = decisions.get(value["subject_kind"] + ":" + value["subject_id"], [])
    number = int(value["target_decision_id"][1:])
    found = ids[number] if number < len(ids) else "none"
    return dict(line, value=dict(value, target_decision_id=found))


def run(program, lines, decisions):
    """One run of the engine, and the decisions that applied something, by subject."""
    lines = [named(line, decisions) for line in lines]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    command = [program, "run", "--embedded", ":memory:", "--input", "-", "--drain", "--output", "-",
               "--output-internal", "--set", "audit.seed=" + SEED, "--set", "topics.partitions=1"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit("sanctiond: exit %d: %s" % (done.returncode, done.stderr.decode()[-2000:]))
    found, applied = {}, {}
    for line in done.stdout.decode().splitlines():
        line = json.loads(line)
        take(found, line)
        if line["topic"] == "restrictions" and line["value"]["op"] == "APPLY":
            applied.setdefault(line["key"], []).append(line["value"]["decision_id"])
    return found, applied


def take(found, line):
    topic, value, key = line["topic"], line.get("value"), line.get("key")
    if topic == "standings":
        entry = None if value is None else sorted(
            (i["measure"], i["ledger"], i["area"], i["stage"], i["starts_at"], i["expires_at"] or 0)
            for i in value["restrictions"]) or None
        put(found, key, "standings", entry)
    elif value is None:
        return
    elif topic == "restrictions":
        put(found, key, "restrictions", (
            value["op"], value["measure"], value["ledger"], value["area"],
            tuple(sorted(value["scopes"])), value["stage"], value["starts_at"],
            value["expires_at"], value["end_reason"], value["supersedes"] is not None))
    elif topic == "review-requests" and value["action"] != "UPDATE":
        first = "first" if value["priority"] == 0 else "later"
        entry = (value["kind"], value["action"])
        if entry == ("APPEAL", "OPEN"):
            entry += (value["category"],)
        elif value["action"] == "OPEN":
            entry += (value["category"], value["ledger"], first)
        put(found, key, "reviews", entry)
    elif topic == "signals" and value["kind"] == "REPORT_OUTCOME":
        put(found, value["from_kind"] + ":" + value["from_id"], "outcomes",
            (value["report_id"], value["outcome"], value["decided_at"]))
    elif topic == "peer-display":
        put(found, key, "peers", value["shown"])
    elif topic == "dead-letters":
        put(found, "dead", "dead", value["reason"])
    elif topic == "notice-requests":
        put(found, key, "notices", value["kind"])


def put(found, subject, what, entry):
    found.setdefault(subject, {w: [] for w in WHAT})[what].append(entry)


def naive(policy, lines):
    """What the text asks for, in the engine's form, and the subjects that are left out."""
    found, reader = {}, interpreter.Interpreter(policy)
    for subject, out in reader.run(lines).items():
        for what in ("restrictions", "reviews", "outcomes", "peers", "standings"):
            for entry in out[what]:
                put(found, subject, what, entry)
        for kind in out["notices"]:
            put(found, subject, "notices", kind)
        for reporter, kind in out["reporter_notices"]:
            put(found, "USER:" + reporter, "notices", kind)
        for reason in out["dead"]:
            put(found, "dead", "dead", reason)
    left_out = [name for name, doubts in reader.doubts.items() if doubts & KNOWN.keys()]
    if left_out:
        left_out += [name for name in found if is_reporter(name)]
    return found, left_out


def is_reporter(name):
    return "-r" in name


def differences(left, naive_side, prefix):
    """Lines that say where the engine (left) and the interpreter (right) differ."""
    lines, (right, left_out) = [], naive_side
    for subject in sorted(set(left) | set(right)):
        if not subject.startswith(prefix) or subject in left_out:
            continue
        for what in WHAT:
            a, b = (side.get(subject, {}).get(what, []) for side in (left, right))
            if what == "notices":
                a, b = sorted(n for n in a if n not in UNREAD), sorted(b)
            if what in ("notices", "dead") and sorted(a) == sorted(b) or a == b:
                continue
            at = next((i for i in range(min(len(a), len(b))) if a[i] != b[i]), min(len(a), len(b)))
            lines.append("%s %s[%d]\n    engine      %s\n    interpreter %s" % (
                subject, what, at, a[at:at + 2], b[at:at + 2]))
    return lines


def check(program, policy, lines):
    return differences(engine(program, lines), naive(policy, lines), ("USER:", "dead"))


def kinds(found):
    """The kinds of thing that differ, so that shrinking keeps to one of them."""
    return {line.split("\n")[0].split(" ")[1].split("[")[0] for line in found}


def shrink(program, policy, lines):
    """Drops lines while what differs stays the same kind of thing."""
    want, size = kinds(check(program, policy, lines)), max(1, len(lines) // 2)
    while size >= 1:
        at = 0
        while at < len(lines):
            less = lines[:at] + lines[at + size:]
            if less and want & kinds(check(program, policy, less)):
                lines = less
            else:
                at += size
        size //= 2
    return lines


def report(options, policy, seed, lines):
    small = shrink(options.sanctiond, policy, lines)
    path = os.path.join(tempfile.gettempdir(), "interpreter-%s.jsonl" % seed)
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in small)
    print("seed %s, shrunk to %d lines:" % (seed, len(small)))
    for line in small:
        print("  " + json.dumps(line))
    print("\n".join(check(options.sanctiond, policy, small)))
    print("replay: %s --sanctiond %s --policy %s --file %s" % (
        os.path.abspath(__file__), options.sanctiond, options.policy, path))


def batch(options, policy, seeds):
    """Runs many streams through one process; returns the seeds of those that differ."""
    streams, start = [], generate.FIRST
    for seed in seeds:
        lines, start = generate.stream(seed, start)
        streams.append((seed, lines))
    end = {"advance": start + 100 * generate.DAY}
    found = engine(options.sanctiond, sum((lines for _, lines in streams), []) + [end])
    failed = []
    for seed, lines in streams:
        lines = lines + [end]
        prefix = "USER:s%d-" % seed
        if differences(found, naive(policy, lines), prefix):
            failed.append((seed, lines))
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sanctiond", default=os.path.join(ROOT, "build/bin/sanctiond"))
    parser.add_argument("--policy", default=os.path.join(ROOT, "config/policies/default.yaml"))
    parser.add_argument("--seeds", default="0-299")
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--show", type=int, default=1)
    parser.add_argument("--file")
    parser.add_argument("--all", action="store_true", help="also where differences are known")
    options = parser.parse_args()
    if options.all:
        KNOWN.clear()
    policy = policy_file.load(options.policy)
    if options.file:
        with open(options.file, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file if line.strip()]
        found = check(options.sanctiond, policy, lines)
        print("\n".join(found) or "no difference")
        return 1 if found else 0
    first, last = (int(part) for part in options.seeds.split("-"))
    failed = []
    for seed in range(first, last + 1, options.batch):
        failed += batch(options, policy, range(seed, min(seed + options.batch, last + 1)))
    for seed, lines in failed[:options.show]:
        report(options, policy, seed, lines)
    print("%d streams, %d differ: %s" % (last - first + 1, len(failed),
                                         " ".join(str(seed) for seed, _ in failed[:20])))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
