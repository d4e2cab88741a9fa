#!/usr/bin/env python3
"""Properties of whole runs on the embedded log, over seeded random inputs of all record types.

usage: run.py BUILD [--seeds N] [--first SEED] [--lines N] [--keep]

Prints the command that repeats a failing seed. SPDX-License-Identifier: Apache-2.0
"""

import argparse
import collections
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

import records
from generate import Generator, LEDGERS

DAY = records.DAY
SEED = "5eed" * 16
TOPICS = ("restrictions", "standings", "peer-display", "review-requests", "authority-reports",
          "notices", "audit", "dead-letters", "signals", "notice-requests", "receipts")
ITEM = ("restriction_id", "decision_id", "measure", "target_kind", "target_id", "area", "ledger",
        "scopes", "stage", "starts_at", "expires_at", "end_disclosed", "state")


class Failed(Exception):
    """A property does not hold."""


def check(condition, text, *values):
    if not condition:
        raise Failed(text % values if values else text)


class Runs:
    """Runs the programs of a build over lines."""

    def __init__(self, build, folder):
        self.build = build
        self.folder = folder
        self.serial = 0

    def file(self, lines):
        self.serial += 1
        path = os.path.join(self.folder, "%d.jsonl" % self.serial)
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
        return path

    def command(self, where, lines, *words, partitions=4):
        return [os.path.join(self.build, "bin", "sanctiond"), "run", "--embedded", where, "--input",
                self.file(lines), "--set", "audit.seed=" + SEED, "--set",
                "topics.partitions=%d" % partitions, *words]

    def run(self, where, lines, partitions=4):
        """The bytes of --output of a drained run."""
        output = os.path.join(self.folder, "output")
        done = subprocess.run(
            self.command(where, lines, "--drain", "--output", output, "--output-internal",
                         partitions=partitions),
            capture_output=True, text=True, check=False, timeout=120)
        check(done.returncode == 0, "exit %d: %s", done.returncode, done.stderr[-1500:])
        with open(output, "rb") as file:
            # The only wall clock in any output: when a changelog says how old its directory is.
            return re.sub(rb'"wall_time":\d+', b'"wall_time":0', file.read())

    def run_killed(self, where, lines, after):
        """A run that follows the log and is killed after some time."""
        process = subprocess.Popen(self.command(where, lines), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        time.sleep(after)
        ended = process.poll()
        process.kill()
        text = process.communicate()[1]
        check(ended is None, "a following run ended with %s: %s", ended, text[-1500:])

    def topics(self, where):
        """All records of the topics of a directory, as lines by topic."""
        done = subprocess.run(
            [os.path.join(self.build, "bin", "sanctionctl"), "tail", *TOPICS, "--from-beginning",
             "--max", "1000000", "--embedded", where, "--set", "audit.seed=" + SEED],
            capture_output=True, text=True, check=False, timeout=60)
        check(done.returncode == 0, "tail: exit %d: %s", done.returncode, done.stderr[-1500:])
        found = collections.defaultdict(list)
        for text in done.stdout.splitlines():
            row = json.loads(text)
            found[row["topic"], row["partition"]].append(row)
        return found


def rows_of(output):
    found = collections.defaultdict(list)
    for text in output.splitlines():
        row = json.loads(text)
        found[row["topic"]].append(row)
    return found


def folded(restrictions):
    """What is in force after the restrictions; each one begins and ends at most once."""
    standing = collections.defaultdict(dict)
    begun, ended, reversed_ones = set(), set(), set()

    def end(key, name, by):
        check(standing[key].pop(name, None) is not None, "%s ends %s, which is not in force", by,
              name)
        check(name not in ended, "restriction %s ends twice", name)
        ended.add(name)

    for row in restrictions:
        key, value = row["key"], row["value"]
        name, by = value["restriction_id"], value["decision_id"]
        if value["supersedes"] is not None:
            end(key, value["supersedes"], by)
        if value["op"] == "REVERSE":  # may come after the end (domain.md H.15)
            check(name in begun and name not in reversed_ones, "%s reverses %s, which never began "
                  "or is reversed already", by, name)
            reversed_ones.add(name)
        if value["op"] == "LIFT" or value["op"] == "REVERSE" and name in standing[key]:
            end(key, name, by)
        if value["op"] in ("LIFT", "REVERSE"):
            continue
        if value["op"] == "APPLY":
            check(name not in begun and name == by, "restriction %s begins twice or under another "
                  "id", name)
            begun.add(name)
        else:
            check(name in standing[key], "%s: %s of %s, which is not in force", by, value["op"],
                  name)
        if value["measure"] != "CONTENT_REMOVE":
            standing[key][name] = value
    return standing


def check_standings(rows):
    last = {row["key"]: row["value"] for row in rows["standings"]}
    standing = folded(rows["restrictions"])
    for key in set(standing) | set(last):
        expected = {name: {field: item[field] for field in ITEM}
                    for name, item in standing[key].items()}
        found = {item["restriction_id"]: item
                 for item in (last.get(key) or {"restrictions": []})["restrictions"]}
        check(found == expected, "standing of %s is %s, its restrictions leave %s", key,
              json.dumps(found, sort_keys=True), json.dumps(expected, sort_keys=True))
    return standing


def check_ends(standing, now):
    """Long after everything, nothing dated is in force."""
    for key, items in standing.items():
        for name, item in items.items():
            check(item["expires_at"] is None, "%s of %s should have ended at %s, now is %d", name,
                  key, item["expires_at"], now)


def check_audit(rows):
    """One audit a decision; an audit names an operation exactly if there is a restriction (I5)."""
    audits = {}
    for row in rows["audit"]:
        name = row["value"]["decision_id"]
        check(name not in audits, "decision %s is audited twice", name)
        audits[name] = row["value"]
    restricted = {}
    for row in rows["restrictions"]:
        name = row["value"]["decision_id"]
        check(name not in restricted, "decision %s has two restrictions", name)
        check(name in audits, "restriction %s has no audit", name)
        restricted[name] = row["value"]
    for name, audit in audits.items():
        value = restricted.get(name)
        check((audit["op"] is not None) == (value is not None),
              "audit %s has op %s, its restriction is %s", name, audit["op"], value)
        if value is not None:
            for field in ("op", "measure", "state"):
                check(audit[field] == value[field], "%s: %s is %s in the audit, %s in the "
                      "restriction", name, field, audit[field], value[field])
    for topic in ("standings", "peer-display", "authority-reports"):
        for row in rows[topic]:
            value = row["value"]
            check(value is None or value["decision_id"] in audits,
                  "%s of %s rests on decision %s, which has no audit", topic, row["key"],
                  value and value["decision_id"])


# Fields whose value names a person or a room.
NAMES = ("subject_id", "reporter_id", "room_id", "author_id", "member_id", "peer_id", "impersonated_id",
         "suspect_id", "inquirer_id", "claimant_id", "appellant_id", "linked_account_id", "reviewer_ref",
         "second_reviewer_ref")
# What may be told of a decision on somebody else; the claimant hears what became of the content he named.
BYSTANDER = {"CASE", "OUTCOME", "ITEM_PAGE", "APPEAL_DEADLINE", "APPEAL_PAGE", "CS_CATEGORY"}
CLAIMANT = {"CASE", "CONTENT", "MEASURE", "CATEGORY", "STARTS_AT", "EXPIRES_AT", "CS_CATEGORY"}
QUIET_FROM, QUIET_UNTIL = 12 * records.HOUR, 23 * records.HOUR


def check_notices(lines, rows):
    """No notice names a third party or says what happened to one; each is disclosed first, in size, in the
    app if it must be told, and out of the quiet window if not; an inquiry about anybody gets one answer."""
    names = {line["value"][field] for line in lines if "value" in line for field in NAMES
             if line["value"].get(field) is not None}
    subjects = {row["value"]["decision_id"]: row["value"]["payload"] for row in rows["audit"]}
    disclosed = collections.Counter()
    for row in rows["notices"]:
        value = row["value"]
        what = "notice %s of %s to %s" % (value["event_id"], value["kind"], row["key"])
        params = {param["name"]: param["value"] for param in value["params"]}
        for name, text in params.items():
            check(text not in names, "%s: %s names %s", what, name, text)
        check_told(what, value, params, subjects.get(value["decision_id"]))
        if value["kind"].startswith("PROTECTION_"):
            check("EXPIRES_AT" not in params, "%s tells the end of a protection", what)
        if value["kind"] == "THIRD_PARTY_REFUSED":
            check(params == {"CS_CATEGORY": "restriction"}, "%s says %s", what, params)
        check(not value["mandatory"] or "IN_APP" in value["channels"], "%s is not in the app", what)
        check((disclosed[row["key"]] > 0) != (value["kind"] == "NOTICE_DISCLOSURE"),
              "%s: the disclosure comes once and first", what)
        limit = 15360 - disclosed[row["key"]] if value["first"] else 2048
        check(value["rendered_bytes"] <= limit, "%s has %d bytes", what, value["rendered_bytes"])
        disclosed[row["key"]] += value["rendered_bytes"]
        if not value["mandatory"]:
            at = (value["deliver_after"] or value["occurred_at"]) % DAY
            check(not QUIET_FROM <= at < QUIET_UNTIL, "%s goes out in the quiet window", what)


def check_told(what, value, params, payload):
    """`payload` of the decision behind the notice; None: a case, before there was a decision."""
    erased = isinstance(payload, str)
    own = payload is not None and not erased and (
        payload["subject_kind"] in ("ROOM", "OPEN_PROFILE") or  # told to who answers for it
        payload["subject_id"] == value["subject_id"])
    own = own and value["template"].removesuffix(".short") not in ("appeal_receipt_report",
                                                                  "appeal_result_report")
    allowed = CLAIMANT if value["kind"] == "TEMPORARY_MEASURE_CLAIMANT" else BYSTANDER
    check(own or erased or set(params) <= allowed, "%s tells %s of another's decision", what,
          sorted(set(params) - allowed))


def check_ledgers(lines, rows):
    """A step on a ledger needs a report or verdict there; owners are liable on OPEN_CHAT only."""
    touched = collections.defaultdict(lambda: {"NONE", "ROOM", "REPORTER"})
    for line in lines:
        if line.get("type") in ("Report", "Verdict", "RightsClaim") and line.get("key", "") is not None:
            touched[records.key_of(line)].add(LEDGERS[line["value"]["area"]])
    for row in rows["restrictions"]:
        value = row["value"]
        ledger = value["ledger"]
        check(ledger in touched[row["key"]] or ledger == "OPEN_CHAT" and value["measure"] in (
            "OWNER_RESTRICT", "MINOR_PROTECTION", "RESTRICT_PERM_AREA", "RESTRICT_TEMP"),
              "%s of %s is on ledger %s, where nothing was reported", value["decision_id"],
              row["key"], ledger)
        if ledger in ("CHAT", "OPEN_CHAT", "PROFILE", "BOARD", "CHANNEL"):
            check(LEDGERS[value["area"]] == ledger, "%s: area %s on ledger %s",
                  value["decision_id"], value["area"], ledger)


def check_dead_letters(lines, rows):
    """Nothing is lost: every record that was left aside has one dead letter a topology."""
    places = collections.Counter(row["value"]["event_id"] for row in rows["dead-letters"])
    check(all(count == 1 for count in places.values()), "a dead letter was written twice")
    for line in lines:
        if "raw" in line or line.get("key", "") is None:
            return check(places, "no dead letter for a bad line")
    return None


def steps(rows):
    return collections.Counter(
        json.dumps([row["key"]] + [row["value"][field] for field in (
            "op", "measure", "scopes", "stage", "starts_at", "expires_at")])
        for row in rows["restrictions"])


def first_difference(left, right):
    for at, (one, two) in enumerate(zip(left.splitlines(), right.splitlines())):
        if one != two:
            return "line %d:\n  %s\n  %s" % (at + 1, one.decode()[:700], two.decode()[:700])
    return "one is longer: %d and %d bytes" % (len(left), len(right))


def generate(runs, seed, count):
    """Lines in two parts: the second names cases and decisions of the first. Odd seeds have late lines."""
    generator = Generator(seed, jitter=seed % 2 == 1)
    lines = generator.lines(count)
    rows = rows_of(runs.run(":memory:", lines))
    generator.cases = [(row["key"], row["value"]["case_id"], row["value"]["category"],
                        row["value"]["area"]) for row in rows["review-requests"]
                       if row["value"]["category"] != "NONE"]
    generator.decisions = [(row["key"], row["value"]["decision_id"])
                           for row in rows["restrictions"]]
    more = generator.lines(count // 2)
    return lines + more + [{"advance": generator.now + 1500 * DAY}]


def whole(lines, at):
    """Whether everything before `at` is earlier than everything after it, so that a run may be split."""
    times = [line.get("timestamp", line.get("advance")) for line in lines]
    return max(times[:at]) < min(times[at:])


def check_split(runs, seed, lines):
    """One run equals two on one directory with kill -9 in the first."""
    rng = random.Random(seed)
    places = [at for at in range(1, len(lines) - 1) if whole(lines, at)]
    if not places:
        return
    at = rng.choice(places)
    whole_dir = os.path.join(runs.folder, "one")
    split_dir = os.path.join(runs.folder, "two")
    try:
        runs.run(whole_dir, lines)
        runs.run_killed(split_dir, lines[:at], rng.uniform(0.0, 0.25))
        # What a killed run had not appended yet, the user gives again: all or nothing.
        runs.run(split_dir, lines[at:] if appended(runs, split_dir) else lines)
        one, two = runs.topics(whole_dir), runs.topics(split_dir)
        for topic in TOPICS:
            for partition in range(4):
                left, right = one[topic, partition], two[topic, partition]
                for number, (row, other) in enumerate(zip(left, right)):
                    check(row == other, "split at line %d: %s:%d, record %d:\n  %s\n  %s", at,
                          topic, partition, number, json.dumps(row)[:900], json.dumps(other)[:900])
                check(len(left) == len(right), "split at line %d: %s:%d has %d records, not %d", at,
                      topic, partition, len(right), len(left))
    finally:
        shutil.rmtree(whole_dir, ignore_errors=True)
        shutil.rmtree(split_dir, ignore_errors=True)


def appended(runs, where):
    """Whether the input of a killed run got into the log: it is appended as one."""
    done = subprocess.run([os.path.join(runs.build, "bin", "sanctionctl"), "tail", "reports",
                           "accounts", "chat-events", "verdicts", "claims", "appeals",
                           "authority-requests", "--from-beginning", "--max", "1", "--embedded",
                           where], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode == 0 and done.stdout != ""


def check_partitions(runs, seed, count):
    """The steps do not depend on the number of partitions. Only lines that name no ids of decisions, which
    are made from offsets, and that are not late, for a late line waits for others of its partition."""
    generator = Generator(seed)
    lines = generator.lines(count) + [{"advance": generator.now + 1500 * DAY}]
    four, one = (steps(rows_of(runs.run(":memory:", lines, partitions=partitions)))
                 for partitions in (4, 1))
    check(four == one, "1 and 4 partitions differ: only with 4 %s, only with 1 %s",
          sorted((four - one).items())[:5], sorted((one - four).items())[:5])


def check_seed(runs, seed, count):
    lines = generate(runs, seed, count)
    output = runs.run(":memory:", lines)
    again = runs.run(":memory:", lines)
    check(output == again, "two runs differ: %s", first_difference(output, again))
    rows = rows_of(output)
    standing = check_standings(rows)
    check_ends(standing, lines[-1]["advance"])
    check_audit(rows)
    check_ledgers(lines, rows)
    check_notices(lines, rows)
    check_dead_letters(lines, rows)
    check_partitions(runs, seed, count)
    check_split(runs, seed, lines)
    return len(rows["restrictions"]), len(rows["audit"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--lines", type=int, default=100)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="sanctiond-embedded-")
    runs = Runs(os.path.abspath(options.build), folder)
    failed, restrictions, audits = [], 0, 0
    for seed in range(options.first, options.first + options.seeds):
        try:
            found = check_seed(runs, seed, options.lines)
            restrictions += found[0]
            audits += found[1]
        except Failed as failure:
            failed.append(seed)
            print("seed %d FAILED: %s\n  again: %s %s %s --first %d --seeds 1 --lines %d" % (
                seed, failure, sys.executable, os.path.relpath(sys.argv[0]), options.build, seed,
                options.lines), flush=True)
    print("seeds %d to %d: %d restrictions, %d decisions, %d seeds failed" % (
        options.first, options.first + options.seeds - 1, restrictions, audits, len(failed)))
    if not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
