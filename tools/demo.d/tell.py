#!/usr/bin/env python3
"""Tells the story of the demo from the records that sanctiond put out.

    tell.py story STORY DECISIONS    plain text: what came in, chapter by chapter, what was decided, and why
    tell.py resolve DECISIONS FILE   FILE with "@first APPLY of USER:u1" replaced by that decision's id

DECISIONS are the JSON lines of `sanctiond run --output`; nothing else is asked. The text depends on
nothing but them and the story's own records, so that the same decisions give the same bytes.

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
LABEL = 10

# Why a smaller measure was not enough.
NOT_LESS = {
    "smallest": "it is the smallest step",
    "active-strikes": "earlier strikes count",
    "severity": "the violation is severe",
    "one-strike": "such an act ends the use of the whole service",
    "hold-until-person": "until a person has decided, nothing less protects others",
}


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


def paragraph(text, label=""):
    first = INDENT + ("%-*s" % (LABEL, label) if label else "")
    after = INDENT + " " * (LABEL if label else 2)
    return textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=after,
                         break_long_words=False, break_on_hyphens=False)


# --- what came in -------------------------------------------------------------------------------

def report_in(value):
    who = value.get("reporter_id") or "nobody"
    if value.get("relation") == "FRIEND":
        who += ", a friend,"
    text = "%s reports %s in %s: %s" % (who, subject(value), value["area"], value["category"])
    if value.get("labels"):
        text += ", label %d" % value["labels"][0]["score"]
    if value.get("target_age_band") in ("U14", "A14_18"):
        text += ", the target is a minor"
    if value.get("impersonated_id"):
        text += ", pretending to be " + value["impersonated_id"]
    return text


def chat_event_in(value):
    if value["kind"] == "ROOM_CREATED":
        return "%s makes the room %s" % (value["member_id"], value["room_id"])
    if value["kind"] == "ROLE_CHANGE":
        return "%s is now %s of the room %s" % (value["member_id"], value["role"], value["room_id"])
    return "%s: %d times %s" % (subject(value), value["count"], value["kind"])


def verdict_in(value):
    text = "%s says %s about %s" % (value["reviewer_ref"], value["kind"], subject(value))
    return text if value["report_ids"] else text + ", resting on no report"


def account_in(value):
    text = "account of %s: %s" % (value["subject_id"], value["kind"])
    return text + (", mark %s" % value["rejoin_tag"] if value.get("rejoin_tag") else "")


INPUTS = {
    "Report": report_in,
    "ChatEvent": chat_event_in,
    "Verdict": verdict_in,
    "AccountChange": account_in,
    "NoticePreference": lambda value: "%s wants %s by %s: %s" % (
        value["subject_id"], value["kind"], value["channel"], "yes" if value["allowed"] else "no"),
    "IdentityProof": lambda value: "%s proves who he is: %s%s" % (
        value["subject_id"], value["purpose"],
        " by " + value["suspect_id"] if value.get("suspect_id") else ""),
    "RightsClaim": lambda value: "%s claims %s against %s of %s: %s" % (
        value["claimant_id"], value["category"], value["content_ref"], subject(value),
        value["action"]),
    "AuthorityRequest": lambda value: "%s, %s: %s %s of %s" % (
        value["authority"], value["action"], value["order_type"], value.get("content_ref"),
        subject(value)),
    "Appeal": lambda value: "%s appeals" % value["appellant_id"],
    "Inquiry": lambda value: "%s asks about %s" % (value["inquirer_id"], subject(value)),
}


def input_text(line):
    if "raw" in line:
        text = "%d bytes in %s" % (len(line["raw"]) // 2, line["topic"])
    else:
        text = INPUTS[line["type"]](line["value"])
        if (line["value"].get("act_at") or 0) > line["timestamp"]:
            text += " (an act that is still to come)"
    if line.get("key", "") is None:
        return text + " (without a key)"
    if "value" in line and line.get("key", subject(line["value"])) != subject(line["value"]):
        return text + " (with the key %s)" % line["key"]
    return text + (" (on partition %d)" % line["partition"] if "partition" in line else "")


# --- what came out ------------------------------------------------------------------------------

def check_text(check):
    """A threshold that was compared."""
    return "%s %d of %d %s" % (check["name"].replace("_", " ").replace(".", " "), check["value"],
                               check["limit"], "(met)" if check["passed"] else "(not met)")


def strike_text(strike):
    counted = "" if strike["counted"] else ", counts no more"
    return "%s of %s (weight %d%s)" % (strike["category"], when(strike["decided_at"]),
                                       strike["weight"], counted)


def restriction_text(value):
    """What enforcement was told."""
    words = [value["op"], value["measure"]]
    if value["stage"]:
        words.append("stage %d" % value["stage"])
    if value["target_id"]:
        words.append("on %s %s" % (value["target_kind"], value["target_id"]))
    words.append("in %s" % (value["area"] if value["ledger"] == "NONE" else value["ledger"]))
    if value["op"] not in ("LIFT", "REVERSE"):
        words.append("until " + when(value["expires_at"]) if value["expires_at"] else "without end")
        if value["expires_at"] and not value["end_disclosed"]:
            words.append("(an end the user is not told)")
    if value["end_reason"]:
        words.append("because " + value["end_reason"])
    if value["scopes"] and value["op"] not in ("LIFT", "REVERSE"):
        words.append("[%s]" % " ".join(value["scopes"]))
    return " ".join(words)


def review_text(value):
    if value["action"] == "CLOSE":
        return "review %s is closed" % value["kind"]
    facts = ["priority %d" % value["priority"], "best label %d" % value["best_score"],
             "reporters %d" % value["reporters"]]
    if value["rooms"] > 1:
        facts.append("rooms %d" % value["rooms"])
    asked = "a person is asked" if value["action"] == "OPEN" else "the review is brought up to date"
    return "%s: %s (%s)" % (asked, value["kind"], listed(facts))


def notices_text(values):
    """Addressees, grouped by what they were told."""
    groups = collections.OrderedDict()
    for value in values:
        if value["kind"] == "NOTICE_DISCLOSURE":
            continue
        what = " ".join([value["kind"]] + [param["value"] for param in value["params"]
                                           if param["name"] == "OUTCOME" and
                                           param["value"] not in value["kind"]])
        if value["channels"] == ["IN_APP"]:
            what += " in the app only"
        who = "everyone" if value["audience"] != "PERSON" else value["subject_id"]
        groups.setdefault(what, []).append(who)
    return "; ".join("%s: %s" % (listed(sorted(set(who))), what) for what, who in groups.items())


def audit_text(audit):
    """A decision that changed no restriction."""
    words = [audit["action"]]
    if audit["measure"]:
        words.append(audit["measure"])
    if audit["outcome"]:
        words.append(audit["outcome"])
    if audit["stage_to"] and audit["stage_to"] != audit["stage_from"]:
        words.append("stage %d" % audit["stage_to"])
    if audit["ledger"] != "NONE":
        words.append("in " + audit["ledger"])
    return " ".join(words)


def reasons(audit):
    """Pairs of a label and a sentence."""
    payload = audit["payload"] if isinstance(audit["payload"], dict) else {}
    why = [audit["category"]] if audit["category"] not in ("NONE", "OTHER_THREAT") else []
    why.append("rule %s of policy version %d" % (audit["rule"], audit["policy_version"]))
    why.extend(check_text(check) for check in payload.get("checks", []))
    yield "why", "; ".join(why)
    if payload.get("strikes"):
        yield "strikes", "; ".join(strike_text(strike) for strike in payload["strikes"])
    if payload.get("smaller_scope") in NOT_LESS and audit["action"] == "DECIDE":
        yield "not less", NOT_LESS[payload["smaller_scope"]]
    basis = ["reports " + " ".join(payload["report_ids"])] if payload.get("report_ids") else []
    basis += ["%s %s" % (name.split("_")[0], payload[name])
              for name in ("request_id", "proof_id", "reviewer_ref") if payload.get(name)]
    if payload.get("legal_refs"):
        basis.append("law " + " ".join(payload["legal_refs"]))
    if basis:
        yield "rests on", "; ".join(basis)
    if audit["action"] == "DECIDE":
        yield "decided", {"FULL": "by the engine alone", "PARTIAL": "by the engine and a person",
                          "NONE": "by a person"}[audit["automation"]]


# --- the story ----------------------------------------------------------------------------------

class Moment:
    """What came in and what came out at one time."""

    def __init__(self, time):
        self.time = time
        self.inputs = collections.OrderedDict()  # text -> how often
        self.outputs = collections.defaultdict(list)  # topic -> values

    def text(self):
        blocks = []
        for text, count in self.inputs.items():
            blocks.append(text + (" (%d times)" % count if count > 1 else ""))
        if not blocks:
            blocks = ["time passes"]
        out = [textwrap.fill(block, WIDTH, initial_indent=when(self.time) + "  ",
                             subsequent_indent=INDENT, break_on_hyphens=False) for block in blocks]
        restrictions = {value["decision_id"]: value for value in self.outputs["restrictions"]}
        for letter in self.outputs["dead-letters"]:
            out.append(paragraph("dead letter: %s, from %s partition %d offset %d" % (
                letter["reason"], letter["topic"], letter["partition"], letter["offset"])))
        for audit in self.outputs["audit"]:
            payload = audit["payload"] if isinstance(audit["payload"], dict) else None
            head = restrictions.get(audit["decision_id"])
            text = restriction_text(head) if head else audit_text(audit)
            out.append(paragraph("%s: %s" % (subject(payload) if payload else "erased", text)))
            out.extend(paragraph(text, label) for label, text in reasons(audit))
        for value in self.outputs["review-requests"]:
            out.append(paragraph("%s: %s" % (subject(value), review_text(value))))
        for value in self.outputs["authority-reports"]:
            out.append(paragraph("%s is told: %s" % (value["authority"], value["kind"])))
        for value in self.outputs["peer-display"]:
            out.append(paragraph("others see: conversation with %s is %s" % (
                value["subject_id"], "not possible now" if value["shown"] else "possible again")))
        told = notices_text(self.outputs["notices"])
        if told:
            out.append(paragraph(told, "told"))
        if len(out) == len(blocks):
            out.append(paragraph("nothing follows"))
        return "\n".join(out)


def moments_of(inputs, outputs):
    """Moments in order of time. A dead letter stands at the record that it is about."""
    found = {}

    def moment(time):
        return found.setdefault(time, Moment(time))

    for line in inputs:
        if "advance" not in line:
            texts = moment(line["timestamp"]).inputs
            texts[input_text(line)] = texts.get(input_text(line), 0) + 1
    for line in outputs:
        value = line["value"]
        if value is not None and line["topic"] != "standings":
            letter = line["topic"] == "dead-letters"
            moment(value["record_timestamp"] if letter else value["occurred_at"]).outputs[
                line["topic"]].append(value)
    return [found[time] for time in sorted(found)]


def totals(lines):
    counts = collections.Counter(line["topic"] for line in lines if line["value"] is not None)
    operations = collections.Counter(
        line["value"]["op"] for line in lines if line["topic"] == "restrictions")
    return listed([
        "%d decisions and outcomes in the audit stream" % counts["audit"],
        "%d restrictions (%s)" % (counts["restrictions"], listed(
            "%d %s" % (count, name) for name, count in sorted(operations.items()))),
        "%d review requests" % counts["review-requests"],
        "%d notices, %d of them a first disclosure" % (counts["notices"], sum(
            line["topic"] == "notices" and line["value"]["kind"] == "NOTICE_DISCLOSURE"
            for line in lines)),
        "%d dead letters" % counts["dead-letters"]])


def story(story_path, decisions_path):
    chapters = json.loads(pathlib.Path(story_path).read_text(encoding="utf-8"))
    folder = pathlib.Path(story_path).parent
    outputs = read_lines(decisions_path)
    inputs = [read_lines(folder / chapter["file"]) for chapter in chapters]
    starts = [lines[0]["timestamp"] for lines in inputs]
    # A record with an impossible time is told where it stands.
    strays = {line["timestamp"]: number for number, lines in enumerate(inputs) for line in lines
              if line.get("timestamp", starts[number]) < starts[0]}
    moments = moments_of([line for lines in inputs for line in lines], outputs)
    for number, (chapter, start, end) in enumerate(zip(chapters, starts,
                                                       starts[1:] + [float("inf")])):
        print("=== %d. %s ===\n%s\n" % (number + 1, chapter["title"],
                                       textwrap.fill(chapter["tell"], WIDTH)))
        for moment in moments:
            if start <= moment.time < end or strays.get(moment.time) == number:
                print(moment.text() + "\n")
    print(textwrap.fill("In all: " + totals(outputs), WIDTH))
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
