"""Builders of input lines (the JSON lines that `sanctiond run --input` takes), for the tests of the whole
worker. Every builder takes what matters and fills in the rest.

SPDX-License-Identifier: Apache-2.0
"""

HOUR = 3600 * 1000
DAY = 24 * HOUR

PUBLIC_AREAS = ("OPEN_CHAT_ROOM", "OPEN_CHAT_COVER", "OPEN_CHAT_BOARD", "OPEN_PROFILE",
                "OPEN_PROFILE_POST", "TALK_PROFILE", "CHANNEL_COMMENT")
PRIVATE_AREAS = ("REGULAR_CHAT", "GROUP_CHAT", "SECRET_CHAT", "TALK_BOARD")
LADDER = ("ABUSE_SLANDER", "SEXUAL_DISCOMFORT", "DISGUST", "HATE_SPEECH", "FLOODING", "SPAM_AD",
          "JUVENILE_HARMFUL", "RIGHTS_INFRINGING_GOODS", "ILLEGAL_GOODS")
ONE_STRIKE = ("GAMBLING_DISTRIBUTION", "LEWD_DISTRIBUTION", "FINANCIAL_FRAUD", "CHILD_GROOMING",
              "ADULT_SEX_CRIME", "DRUGS")


def partition(key, count):
    """Of a key (text)."""
    return partition_of(key.encode(), count)


def partition_of(data, count):
    """Of a key (bytes), as Kafka's Java client computes it: murmur2, positive, modulo."""
    mask = 0xffffffff
    size = len(data)
    value = (0x9747b28c ^ size) & mask
    for at in range(0, size // 4 * 4, 4):
        word = int.from_bytes(data[at:at + 4], "little") * 0x5bd1e995 & mask
        word = (word ^ word >> 24) * 0x5bd1e995 & mask
        value = value * 0x5bd1e995 & mask ^ word
    rest = data[size // 4 * 4:]
    if rest:
        value = (value ^ int.from_bytes(rest, "little")) * 0x5bd1e995 & mask
    value = (value ^ value >> 13) * 0x5bd1e995 & mask
    value ^= value >> 15
    return (value & 0x7fffffff) % count


def names_on(partition_wanted, count, pattern, number, kind="USER"):
    """`number` ids made of `pattern` (with one %d) whose key falls on a partition."""
    names = []
    at = 0
    while len(names) < number:
        name = pattern % at
        if partition("%s:%s" % (kind, name), count) == partition_wanted:
            names.append(name)
        at += 1
    return names


def line(topic, record, timestamp, subject, event_id, **fields):
    kind, name = subject.split(":", 1)
    value = {"event_id": event_id, "occurred_at": timestamp, "subject_kind": kind,
             "subject_id": name}
    value.update(fields)
    return {"topic": topic, "type": record, "timestamp": timestamp, "value": value}


def report(timestamp, subject, event_id, reporter, category, area, score=None, **fields):
    """A user's report on one message, with one label if a score is given."""
    value = {"source_kind": "USER_REPORT_POLICY", "report_kind": "BREACH", "reporter_id": reporter,
             "good_faith": True, "target_kind": "CONTENT", "content_ref": "m-" + event_id,
             "evidence_ref": "bundle-" + event_id, "area": area, "act_at": timestamp - HOUR,
             "relation": "NON_FRIEND", "sender_kind": "PERSON", "content_form": "TEXT",
             "language": "KO", "category": category, "publisher_is_press": False}
    if score is not None:
        value["labels"] = [{"category": category, "score": score, "labeller": "intake-3"}]
    value.update(fields)
    return line("reports", "Report", timestamp, subject, event_id, **value)


def verdict(timestamp, subject, event_id, kind, category, area, severity="LIGHT", **fields):
    value = {"kind": kind, "category": category, "severity": severity, "area": area,
             "reviewer_ref": "reviewer-07"}
    value.update(fields)
    return line("verdicts", "Verdict", timestamp, subject, event_id, **value)


def account(timestamp, user, event_id, kind, **fields):
    value = {"kind": kind, "erase_consent": kind == "WITHDRAWN", "requested_by": "SELF"}
    value.update(fields)
    return line("accounts", "AccountChange", timestamp, "USER:" + user, event_id, **value)


def preference(timestamp, user, event_id, kind, channel, allowed):
    return line("accounts", "NoticePreference", timestamp, "USER:" + user, event_id, kind=kind,
                channel=channel, allowed=allowed, text_version="notice-terms-4")


def chat_event(timestamp, subject, event_id, kind, **fields):
    value = {"kind": kind, "area": "OPEN_CHAT_ROOM", "count": 1}
    value.update(fields)
    return line("chat-events", "ChatEvent", timestamp, subject, event_id, **value)


def claim(timestamp, user, event_id, action, claim_id, category, area, **fields):
    value = {"claim_id": claim_id, "action": action, "category": category, "initiative": "CLAIM",
             "claimant_id": "claimant-" + claim_id, "content_ref": "post-" + claim_id, "area": area,
             "act_at": timestamp - DAY, "prima_facie": True, "publisher_is_press": False}
    value.update(fields)
    return line("claims", "RightsClaim", timestamp, "USER:" + user, event_id, **value)


def proof(timestamp, user, event_id, purpose="IMPERSONATION", **fields):
    value = {"proof_id": "proof-" + event_id, "purpose": purpose, "requested_by_self": True,
             "masking_ok": True, "accepted": True, "proof_ref": "vault-" + event_id}
    value.update(fields)
    return line("claims", "IdentityProof", timestamp, "USER:" + user, event_id, **value)


def minor(timestamp, user, event_id, action):
    return line("claims", "MinorProtectionRequest", timestamp, "USER:" + user, event_id,
                action=action, requested_by="GUARDIAN", age_band="U14")


def authority(timestamp, user, event_id, request_id, action="ORDER", **fields):
    value = {"request_id": request_id, "action": action, "authority": "NEC", "rank": "BINDING",
             "legal_basis": "kr.election.82-4", "order_type": "DELETE", "target_kind": "CONTENT",
             "content_ref": "m-" + request_id, "area": "OPEN_CHAT_ROOM",
             "category": "ELECTION_DISINFO", "act_at": timestamp - HOUR,
             "ends_at": timestamp + 5 * DAY, "document_ref": "letter-" + request_id}
    value.update(fields)
    return line("authority-requests", "AuthorityRequest", timestamp, "USER:" + user, event_id,
                **value)


def appeal(timestamp, subject, event_id, target, appellant, kind="APPEAL", **fields):
    value = {"appeal_id": "appeal-" + event_id, "kind": kind, "target_decision_id": target,
             "appellant_id": appellant, "requested_by": "SELF", "verified_subject": True,
             "statement_ref": "statement-" + event_id}
    value.update(fields)
    return line("appeals", "Appeal", timestamp, subject, event_id, **value)


def inquiry(timestamp, user, event_id, inquirer, verified, wants_review):
    return line("appeals", "Inquiry", timestamp, "USER:" + user, event_id, inquirer_id=inquirer,
                verified_subject=verified, wants_review=wants_review)


def dispute(timestamp, subject, event_id, dispute_id, state, **fields):
    return line("appeals", "Dispute", timestamp, subject, event_id, dispute_id=dispute_id,
                state=state, authority="TDMC", **fields)


def harm(timestamp, user, event_id, origin="HARM_LIST", notice="INCIDENT"):
    return line("appeals", "HarmReport", timestamp, "USER:" + user, event_id,
                incident_ref="incident-1", origin=origin, window_from=timestamp - DAY,
                window_to=timestamp - HOUR, notice=notice)


def key_of(record_line):
    """The record key of a line, None for a null key."""
    if "key" in record_line:
        return record_line["key"]
    value = record_line["value"]
    return "%s:%s" % (value["subject_kind"], value["subject_id"])
