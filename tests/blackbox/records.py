"""Lines of input: records as JSON lines, with the fields a test does not care about filled in.

SPDX-License-Identifier: Apache-2.0
"""

import json
import pathlib
import random

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_772_409_600_000  # 2026-03-02

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMO = ROOT / "tests" / "data" / "demo"


def record(topic, type_name, time, subject, **value):
    kind, name = subject.split(":", 1)
    value = {"event_id": "%s.%s.%d" % (topic, name, time), "occurred_at": time,
             "subject_kind": kind, "subject_id": name, **value}
    return {"topic": topic, "type": type_name, "timestamp": time, "value": value}


def report(time, subject, reporter="r1", **value):
    """An admissible report in an open chat room by a stranger, sure enough to confirm with two."""
    category = value.get("category", "ABUSE_SLANDER")
    score = value.pop("score", 950)
    message = value.pop("message", "m1")
    value = {"event_id": "rep.%s.%s.%s.%d" % (subject.split(":", 1)[1], reporter, message, time),
             "source_kind": "USER_REPORT_POLICY", "reporter_id": reporter, "good_faith": True,
             "target_kind": "CONTENT", "content_ref": message, "area": "OPEN_CHAT_ROOM",
             "act_at": time - MINUTE, "relation": "NON_FRIEND", "sender_kind": "PERSON",
             "category": category,
             "labels": [{"category": category, "score": score, "labeller": "test"}],
             "publisher_is_press": False, **value}
    return record("reports", "Report", time, subject, **value)


def verdict(time, subject, kind, reports, **value):
    value = {"event_id": "ver.%s.%d" % (subject.split(":", 1)[1], time), "kind": kind,
             "report_ids": reports, "category": "ABUSE_SLANDER", "severity": "LIGHT",
             "area": "OPEN_CHAT_ROOM", "reviewer_ref": "reviewer-1", **value}
    return record("verdicts", "Verdict", time, subject, **value)


def confirmed(time, subject, message, **value):
    """Two reports that confirm a violation at `time`."""
    return [report(time - 10 * MINUTE, subject, "r1", message=message, act_at=time - HOUR, **value),
            report(time, subject, "r2", message=message, act_at=time - HOUR, **value)]


def demo():
    """The records of the demo's first run, in order."""
    lines = []
    for path in sorted(DEMO.glob("*.jsonl"))[:-1]:
        lines += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return lines


def workload(seed, count):
    """`count` reports and verdicts on a hundred users over sixty days: cases that are confirmed,
    asked, held, dismissed, that lapse, and duplicates. In order of time; few a day, so that the
    breaker stays out of it. The last reports come a month later, on users of every partition, so that
    every clock passes what is due."""
    chance = random.Random(seed)
    time = START
    step = 60 * DAY // count
    lines = []
    open_reports = []
    categories = ["ABUSE_SLANDER", "SPAM_AD", "FLOODING", "SEXUAL_DISCOMFORT", "HATE_SPEECH",
                  "GAMBLING_DISTRIBUTION"]
    areas = ["OPEN_CHAT_ROOM", "OPEN_CHAT_BOARD", "REGULAR_CHAT", "GROUP_CHAT", "CHANNEL_COMMENT",
             "TALK_BOARD"]
    for number in range(count):
        time += chance.randrange(1, 2 * step)
        if open_reports and chance.random() < 0.15:
            subject, event, category, area = open_reports.pop(chance.randrange(len(open_reports)))
            lines.append(verdict(time, subject, chance.choice(["CONFIRM", "DISMISS"]), [event],
                                 category=category, area=area))
            continue
        if lines and chance.random() < 0.03:
            lines.append(dict(chance.choice(lines[-20:]), timestamp=time))
            continue
        subject = "USER:u%d" % chance.randrange(100)
        category, area = chance.choice(categories), chance.choice(areas)
        line = report(time, subject, "r%d" % chance.randrange(60), category=category, area=area,
                      score=chance.choice([100, 400, 700, 920, 990]),
                      message="m%d" % (number // 4))
        open_reports.append((subject, line["value"]["event_id"], category, area))
        del open_reports[:-40]
        lines.append(line)
    lines += [report(time + 30 * DAY + number, "USER:last%d" % number) for number in range(32)]
    return lines


def canonical(schema, space=""):
    """Avro's parsing canonical form of a schema, by the specification."""
    if isinstance(schema, str):
        return schema if schema in PRIMITIVES or "." in schema else "%s.%s" % (space, schema)
    if isinstance(schema, list):
        return [canonical(item, space) for item in schema]
    kind = schema["type"]
    if kind in PRIMITIVES:
        return kind
    if isinstance(kind, (dict, list)):
        return canonical(kind, space)
    space = schema.get("namespace", space)
    out = {}
    if "name" in schema:
        out["name"] = "%s.%s" % (space, schema["name"])
    out["type"] = kind
    if kind == "record":
        out["fields"] = [{"name": field["name"], "type": canonical(field["type"], space)}
                         for field in schema["fields"]]
    for name in ("symbols", "size"):
        if name in schema:
            out[name] = schema[name]
    if kind == "array":
        out["items"] = canonical(schema["items"], space)
    return out


PRIMITIVES = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}


def prefix(name):
    """The ten bytes before a record of this name in Avro's single-object encoding."""
    schema = json.loads((ROOT / "schemas" / (name + ".avsc")).read_text(encoding="utf-8"))
    empty = 0xc15d213aa4d7a795
    table = []
    for index in range(256):
        for _ in range(8):
            index = (index >> 1) ^ (empty & -(index & 1))
        table.append(index)
    fingerprint = empty
    for byte in json.dumps(canonical(schema), separators=(",", ":")).encode():
        fingerprint = (fingerprint >> 8) ^ table[(fingerprint ^ byte) & 0xff]
    return b"\xc3\x01" + fingerprint.to_bytes(8, "little")
