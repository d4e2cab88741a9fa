# SPDX-License-Identifier: Apache-2.0
"""Runs the engine on lines and brings what it wrote into the interpreter's form."""

import copy
import json
import os
import subprocess
import sys
import tempfile

from world import WHAT

SEED = "".join("%02x" % i for i in range(32))
TOPICS = ("restrictions", "standings", "peer-display", "review-requests", "signals",
          "notice-requests", "authority-reports", "audit", "dead-letters")
PREFIXES = tuple('{"topic":"%s"' % topic for topic in TOPICS)
MEASURED = ("RESTRICTION_APPLIED", "RESTRICTION_CHANGED", "RESTRICTION_LIFTED",
            "RESTRICTION_REVERSED")
CONTENT = ("CONTENT_REMOVE", "CONTENT_DEMOTE")


class Engine:
    """`more`: what else is on the command line; the internal topics carry signals and notice requests."""

    def __init__(self, program, policy, more=("--output-internal",)):
        self.program, self.policy, self.more = program, policy, more

    def compare_form(self, lines):
        """{subject: {what: [entry, ...]}}, with the names of "@" targets replaced by real ids."""
        sources = offsets(lines)
        named, ids = any("@" in line for line in map(json.dumps, lines)), {}
        for _ in range(7):
            found = Found(self.run(named_lines(lines, ids)), sources)
            if not named or found.ids == ids:
                return found
            ids = found.ids
        found.unsettled = True
        return found

    def run(self, lines):
        with tempfile.TemporaryDirectory() as folder:
            source, target = (os.path.join(folder, name) for name in ("in.jsonl", "out.jsonl"))
            with open(source, "w", encoding="utf-8") as file:
                for number, line in enumerate(lines):
                    if "policy" in line:
                        path = os.path.join(folder, "policy-%d.yaml" % number)
                        with open(path, "w", encoding="utf-8") as document:
                            document.write(line["document"])
                        line = {"publish_policy": path, "timestamp": line["timestamp"]}
                    file.write(json.dumps(line) + "\n")
            command = [self.program, "run", "--embedded", ":memory:", "--input", source, "--drain",
                       "--output", "-", *self.more, "--set", "audit.seed=" + SEED,
                       "--set", "topics.partitions=1", "--set", "policy.files=" + self.policy]
            with open(target, "wb") as out:
                done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, check=False)
            if done.returncode != 0:
                sys.exit("sanctiond: exit %d: %s" % (done.returncode, done.stderr.decode()[-2000:]))
            with open(target, encoding="utf-8") as out:
                return [json.loads(line) for line in out if line.startswith(PREFIXES) and is_read(line)]


def is_read(line):
    """Of the audit, the longest lines by far, only what says more than the other topics."""
    return not line.startswith(PREFIXES[TOPICS.index("audit")]) or any(
        word in line for word in ('"action":"REFUSE"', '"action":"HOLD"', '"measure":"WARNING"'))


def named_lines(lines, ids):
    """A record that comes late is judged at the time of the one before it on its topic, or of an `advance`."""
    clocks, advanced, result = {}, 0, []
    for line in lines:
        topic, advanced = line.get("topic"), max(advanced, line.get("advance", 0))
        clocks[topic] = max(clocks.get(topic, 0), line.get("timestamp", 0), advanced)
        result.append(name(line, ids, clocks[topic]))
    return result


def name(line, ids, clock):
    """The line with real ids for what the stream names by "@"."""
    value = line.get("value", {})
    changed = {}
    for field in ("target_decision_id", "case_id"):
        symbol = value.get(field)
        if symbol is not None and symbol.startswith("@"):
            subject = value["subject_kind"] + ":" + value["subject_id"]
            found, since = ids.get((subject, symbol), ids.get(symbol, ("none", 0)))
            changed[field] = found if since <= clock else "none"
    return dict(line, value=dict(value, **changed)) if changed else line


def offsets(lines):
    """The subject of each input record by topic and offset."""
    sources, next_offset = {}, {}
    for line in lines:
        if "topic" in line:
            topic, value = line["topic"], line["value"]
            offset = next_offset[topic] = next_offset.get(topic, -1) + 1
            sources[topic, offset] = value["subject_kind"] + ":" + value["subject_id"]
    return sources


class Found:
    """What the engine wrote, by subject."""

    def __init__(self, records, sources):
        self.sources = sources
        self.out, self.ids, self.unsettled = {}, {}, False
        self.numbers, self.counts = {}, {}
        for record in records:
            value, key = record.get("value"), record.get("key")
            getattr(self, record["topic"].replace("-", "_"))(key, value)

    def of(self, subject):
        """What was written about one subject."""
        one = copy.copy(self)
        one.out = {subject: self.out.get(subject, {})}
        return one

    def put(self, subject, what, entry):
        self.out.setdefault(subject, {w: [] for w in WHAT})[what].append(entry)

    def count(self, *key):
        self.counts[key] = self.counts.get(key, -1) + 1
        return self.counts[key]

    def restrictions(self, key, v):
        if v["op"] == "APPLY":
            number = self.count(key, "@")
            self.numbers[v["restriction_id"]] = number
            self.ids[key, "@%d" % number] = v["decision_id"], v["occurred_at"]
        self.put(key, "restrictions", (
            self.numbers.get(v["restriction_id"]), v["op"], v["measure"], v["target_id"],
            v["ledger"], v["area"], " ".join(sorted(v["scopes"])), v["stage"], v["decided_at"],
            v["starts_at"], v["expires_at"], v["state"], v["end_reason"],
            self.numbers.get(v["supersedes"]), v["policy_version"], v["end_disclosed"]))

    def standings(self, key, v):
        items = v and sorted((self.numbers.get(i["restriction_id"]), i["measure"], i["ledger"],
                              i["area"], i["stage"], i["expires_at"],
                              " ".join(sorted(i["scopes"])), i["state"] == "FROZEN_MEMORIAL")
                             for i in v["restrictions"])
        revision = self.count(key, "revision") + 1
        self.put(key, "standings", v and (v["revision"] == revision, v["account_state"],
                                          v["reporter_class"], items))

    def peer_display(self, key, v):
        self.put(key, "peers", bool(v and v["shown"]))

    def review_requests(self, key, v):
        for report in v["report_ids"]:
            self.ids.setdefault("@case:" + report, (v["case_id"], v["occurred_at"]))
        if v["action"] == "OPEN":
            number = self.count(key, v["kind"])
            self.ids[key, "@rev:%s:%d" % (v["kind"], number)] = v["case_id"], v["occurred_at"]
            if v["kind"] == "BREAKER_HELD":
                self.ids[key, "@held:%d" % number] = v["decision_id"], v["occurred_at"]
        entry = (v["occurred_at"], v["kind"], v["action"])
        if v["action"] == "OPEN" and v["kind"] == "APPEAL":
            entry += (v["category"], v["excluded_reviewer_ref"])
        elif v["action"] == "OPEN":
            entry += (v["category"], v["ledger"], "first" if v["priority"] == 0 else "later")
            if v["kind"] == "REPORTER_ABUSE":
                entry += (v["abuse_count"], v["abuse_permille"])
        if v["action"] != "UPDATE":
            self.put(key, "reviews", entry)

    def signals(self, key, v):
        origin = v["from_kind"] + ":" + v["from_id"]
        more = {"OWNER_LIABILITY": ("category", "severity", "act_at"),
                "ROOM_VIOLATION": ("act_at",), "PROOF_NEEDED": ("category", "report_id"),
                "REPORT_COPY": ("report_id",),
                "TOMBSTONE_STORE": ("measure", "retain_until"), "REJOIN_FOUND": ("measure",)}
        if v["kind"] == "REPORT_OUTCOME":
            self.put(key, "outcomes", (v["report_id"], v["outcome"], v["decided_at"]))
        elif v["kind"] != "TICK":
            self.put(key, "signals", (v["kind"], origin,
                                      *(v[field] for field in more.get(v["kind"], ()))))

    def notice_requests(self, key, v):
        params = {p["name"]: p["value"] for p in v["params"]}
        more = ()
        if v["kind"] in MEASURED:
            more = (v["template"] if v["template"].startswith("statement") else params["MEASURE"],)
        elif v["kind"] == "PROOF_REQUEST":
            more = (v["template"],)
        elif v["kind"] == "REPORT_OUTCOME":
            more = (params["OUTCOME"],)
        self.put(key, "notices", (v["kind"], *more, v["occurred_at"]))

    def authority_reports(self, key, v):
        self.put(key, "authority", (v["kind"], v["authority"], v["request_id"]))

    def audit(self, key, v):
        payload = v["payload"]
        subject = payload["subject_kind"] + ":" + payload["subject_id"]
        if v["action"] == "REFUSE":
            self.put(subject, "refused", "REFUSE")
        elif v["action"] == "HOLD":
            self.put(subject, "held", (v["measure"], payload["decided_at"]))
        elif v["measure"] == "WARNING" and v["action"] == "DECIDE":
            self.ids[subject, "@w%d" % self.count(subject, "@w")] = (v["decision_id"],
                                                                     v["occurred_at"])

    def dead_letters(self, key, v):
        self.put(self.sources[v["topic"], v["offset"]], "dead", v["reason"])
