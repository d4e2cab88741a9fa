#!/usr/bin/env python3
"""Tells the story of the demo from the records that sanctiond put out.

    tell.py story STORY DECISIONS    plain text: chapter by chapter who was dealt with, how, and why
    tell.py resolve DECISIONS FILE   FILE with "@first APPLY of USER:u1" replaced by that decision's id

DECISIONS are the JSON lines of `sanctiond run --output`; nothing else is asked. The text depends on
nothing but them, so that the same decisions give the same bytes.

SPDX-License-Identifier: Apache-2.0
"""

import collections
import datetime
import json
import pathlib
import re
import sys
import textwrap

WIDTH = 100
INDENT = " " * 18


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def when(time_ms):
    moment = datetime.datetime.fromtimestamp(time_ms / 1000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%d %H:%M")


def subject(value):
    return "%s:%s" % (value["subject_kind"], value["subject_id"])


def listed(items):
    return ", ".join(items)


# --- one kind of sentence each ------------------------------------------------------------------

def check_text(check):
    """A threshold that was compared."""
    name = check["name"].replace("_", " ").replace(".", " ")
    return "%s %d of %d %s" % (name, check["value"], check["limit"],
                               "(met)" if check["passed"] else "(not met)")


def strike_text(strike):
    counted = "" if strike["counted"] else ", counts no more"
    return "%s of %s (weight %d%s)" % (strike["category"], when(strike["decided_at"]),
                                       strike["weight"], counted)


def restriction_text(value):
    """What enforcement was told."""
    end = "until " + when(value["expires_at"]) if value["expires_at"] else "without end"
    if not value["end_disclosed"] and value["expires_at"]:
        end += " (not told to the user)"
    words = [value["op"], value["measure"]]
    if value["stage"]:
        words.append("stage %d" % value["stage"])
    if value["target_id"]:
        words.append("on %s %s" % (value["target_kind"], value["target_id"]))
    words.append("in %s," % (value["area"] if value["ledger"] == "NONE" else value["ledger"]))
    if value["op"] in ("LIFT", "REVERSE"):
        words.append("because " + (value["end_reason"] or "of a person"))
    else:
        words.append(end)
        if value["end_reason"]:
            words.append("because " + value["end_reason"])
    if value["scopes"]:
        words.append("[%s]" % " ".join(value["scopes"]))
    return " ".join(words)


def review_text(value):
    text = "%s review %s, priority %d" % (value["action"], value["kind"], value["priority"])
    if value["action"] != "CLOSE":
        facts = ["best label %d" % value["best_score"], "reporters %d" % value["reporters"]]
        if value["rooms"] > 1:
            facts.append("rooms %d" % value["rooms"])
        text += " (%s)" % listed(facts)
    return text


def authority_text(value):
    return "%s to %s" % (value["kind"], value["authority"])


def notices_text(values):
    """Addressees of one decision, grouped by what they were told."""
    groups = collections.OrderedDict()
    for value in values:
        what = value["kind"]
        for param in value["params"]:
            if param["name"] == "OUTCOME":
                what += " " + param["value"]
        if "PUSH" not in value["channels"]:
            what += " (in the app only)"
        who = "everyone" if value["audience"] != "PERSON" else value["subject_id"]
        groups.setdefault(what, []).append(who)
    return "; ".join("%s: %s" % (listed(sorted(set(who))), what) for what, who in groups.items())


def headline(audit):
    """One line for a decision that changed no restriction."""
    words = [audit["action"]]
    if audit["measure"]:
        words.append(audit["measure"])
    if audit["outcome"]:
        words.append("outcome " + audit["outcome"])
    if audit["stage_to"] and audit["stage_to"] != audit["stage_from"]:
        words.append("stage %d" % audit["stage_to"])
    words.append("by " + audit["actor_kind"])
    return " ".join(words)


def reasons(audit):
    """Pairs of a label and a sentence."""
    payload = audit["payload"] if isinstance(audit["payload"], dict) else {}
    why = [audit["category"]] if audit["category"] != "NONE" else []
    why.append("rule %s of policy version %d" % (audit["rule"], audit["policy_version"]))
    why.extend(check_text(check) for check in payload.get("checks", []))
    yield "why", "; ".join(why)
    strikes = payload.get("strikes", [])
    if strikes:
        yield "strikes", "; ".join(strike_text(strike) for strike in strikes)
    if payload.get("smaller_scope") not in (None, "", "none"):
        yield "not less", payload["smaller_scope"]
    basis = []
    if payload.get("report_ids"):
        basis.append("reports " + " ".join(payload["report_ids"]))
    for name in ("request_id", "proof_id", "reviewer_ref"):
        if payload.get(name):
            basis.append("%s %s" % (name.split("_")[0], payload[name]))
    if payload.get("legal_refs"):
        basis.append("law " + " ".join(payload["legal_refs"]))
    if basis:
        yield "rests on", "; ".join(basis)
    if audit["automation"] != "NONE" and audit["action"] == "DECIDE":
        yield "decided by", {"FULL": "the engine alone", "PARTIAL": "the engine, confirmed by a person"}[
            audit["automation"]]


# --- the story ------------------------------------------------------------------------------------

class Decision:
    """Everything that one decision put out."""

    def __init__(self):
        self.records = collections.defaultdict(list)
        self.order = None

    def add(self, line):
        self.records[line["topic"]].append(line["value"])

    def parts(self, topic):
        return self.records.get(topic, [])


def decisions_of(lines):
    """In order of time; records of one decision together."""
    found = collections.OrderedDict()
    for number, line in enumerate(lines):
        value = line["value"]
        if value is None or line["topic"] == "standings":
            continue
        key = value.get("decision_id") or value.get("case_id") or value["event_id"]
        decision = found.setdefault(key, Decision())
        decision.add(line)
        order = (value["occurred_at"], number)
        decision.order = order if decision.order is None else min(decision.order, order)
    return sorted(found.values(), key=lambda decision: decision.order)


def paragraph(label, text):
    head = INDENT + "%-11s" % label
    return textwrap.fill(text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head),
                         break_long_words=False, break_on_hyphens=False)


def decision_text(decision):
    """The paragraphs of one decision, empty if it is not worth one."""
    audits = decision.parts("audit")
    out = []
    heads = [restriction_text(value) for value in decision.parts("restrictions")]
    heads += [review_text(value) for value in decision.parts("review-requests")]
    if not heads and audits:
        heads = [headline(audits[0])]
    for letter in decision.parts("dead-letters"):
        heads.append("DEAD LETTER %s: %s, partition %d, offset %d" % (
            letter["reason"], letter["topic"], letter["partition"], letter["offset"]))
    who = ""
    for topic in ("audit", "restrictions", "review-requests", "authority-reports", "peer-display"):
        for value in decision.parts(topic):
            payload = value.get("payload")
            who = who or (subject(payload) if isinstance(payload, dict) else
                          subject(value) if "subject_kind" in value else "")
    if not heads and not decision.parts("notices"):
        return ""
    out.append("%s  %s" % (when(decision.order[0]), who or "-"))
    out.extend(paragraph("", head).replace(" " * 11, "", 1) for head in heads)
    for audit in audits:
        out.extend(paragraph(label, text) for label, text in reasons(audit))
    for value in decision.parts("authority-reports"):
        out.append(paragraph("reported", authority_text(value)))
    for value in decision.parts("peer-display"):
        out.append(paragraph("peers see", "conversation is %s" % (
            "not possible now" if value["shown"] else "possible again")))
    if decision.parts("notices"):
        out.append(paragraph("told", notices_text(decision.parts("notices"))))
    return "\n".join(out)


def chapter_start(folder, chapter):
    for line in read_lines(folder / chapter["file"]):
        return line["timestamp"]
    return 0


def totals(lines):
    counts = collections.Counter(line["topic"] for line in lines if line["value"] is not None)
    operations = collections.Counter(
        line["value"]["op"] for line in lines if line["topic"] == "restrictions")
    words = ["%d decisions in the audit stream" % counts["audit"],
             "%d restrictions (%s)" % (counts["restrictions"], listed(
                 "%d %s" % (count, name) for name, count in sorted(operations.items()))),
             "%d review requests" % counts["review-requests"], "%d notices" % counts["notices"],
             "%d dead letters" % counts["dead-letters"]]
    return listed(words)


def story(story_path, decisions_path):
    chapters = json.loads(pathlib.Path(story_path).read_text(encoding="utf-8"))
    folder = pathlib.Path(story_path).parent
    lines = read_lines(decisions_path)
    decisions = decisions_of(lines)
    starts = [chapter_start(folder, chapter) for chapter in chapters]
    ends = starts[1:] + [float("inf")]
    for number, (chapter, start, end) in enumerate(zip(chapters, starts, ends), 1):
        print("=== %d. %s ===" % (number, chapter["title"]))
        print(textwrap.fill(chapter["tell"], WIDTH))
        print()
        for decision in decisions:
            if start <= decision.order[0] < end:
                text = decision_text(decision)
                if text:
                    print(text + "\n")
    print("In all: " + totals(lines))
    return 0


def resolve(decisions_path, file):
    """Puts decision ids where a line says which decision it means."""
    applied = {}
    for line in read_lines(decisions_path):
        if line["topic"] == "restrictions" and line["value"]["op"] == "APPLY":
            applied.setdefault(subject(line["value"]), line["value"]["decision_id"])
    text = pathlib.Path(file).read_text(encoding="utf-8")
    sys.stdout.write(re.sub(r"@first APPLY of ([A-Z_]+:[A-Za-z0-9._-]+)",
                            lambda found: applied[found.group(1)], text))
    return 0


def main(words):
    if words[:1] == ["story"] and len(words) == 3:
        return story(*words[1:])
    if words[:1] == ["resolve"] and len(words) == 3:
        return resolve(*words[1:])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
