"""One story for each way in which a decision comes about, as lines of input.

SPDX-License-Identifier: Apache-2.0
"""

from records import DAY, HOUR, MINUTE, START, confirmed, record, report, verdict


def appeal(time, subject, target, appellant, **value):
    return record("appeals", "Appeal", time, subject, appeal_id="appeal-%d" % time, kind="APPEAL",
                  target_decision_id=target, appellant_id=appellant, requested_by="SELF",
                  verified_subject=True, statement_ref="statement-1", **value)


def proof(time, subject, **value):
    value = {"proof_id": "proof-%d" % time, "purpose": "IMPERSONATION", "requested_by_self": True,
             "masking_ok": True, "accepted": True, "proof_ref": "vault-1", "reviewer_ref": "cs-1",
             **value}
    return record("claims", "IdentityProof", time, subject, **value)


def claim(time, subject, action="OPEN", **value):
    value = {"claim_id": "claim-1", "action": action, "category": "DEFAMATION",
             "initiative": "CLAIM", "claimant_id": "claimant-1", "content_ref": "post-1",
             "area": "OPEN_PROFILE_POST", "act_at": time - DAY, "prima_facie": True,
             "publisher_is_press": False, **value}
    return record("claims", "RightsClaim", time, subject, **value)


def order(time, subject, action="ORDER", **value):
    value = {"request_id": "request-1", "action": action, "authority": "NEC", "rank": "BINDING",
             "legal_basis": "kr.election.82-4", "order_type": "DELETE", "target_kind": "CONTENT",
             "content_ref": "post-2", "area": "OPEN_CHAT_ROOM", "category": "ELECTION_DISINFO",
             "act_at": time - DAY, "ends_at": time + 20 * DAY, "document_ref": "letter-1", **value}
    return record("authority-requests", "AuthorityRequest", time, subject, **value)


def chat_event(time, subject, kind, **value):
    return record("chat-events", "ChatEvent", time, subject,
                  **{"kind": kind, "area": "OPEN_CHAT_ROOM", "count": 1, **value})


def ladder(time):
    """A second step: two violations by two reports each."""
    return (confirmed(time, "USER:s-ladder", "la1") +
            confirmed(time + 3 * DAY, "USER:s-ladder", "la2"))


def one_strike(time):
    """A hold by the label, then a person confirms."""
    first = report(time, "USER:s-fraud", "r3", message="fr1", category="FINANCIAL_FRAUD", score=870)
    return [first, verdict(time + 2 * HOUR, "USER:s-fraud", "CONFIRM", [first["value"]["event_id"]],
                           category="FINANCIAL_FRAUD", severity="CRITICAL")]


def authority(time):
    """On a post, and on what a user may do."""
    return [order(time, "USER:s-election"),
            order(time, "USER:s-court", authority="COURT", legal_basis="kr.court.order",
                  request_id="request-2", order_type="LIMIT", target_kind="USER", content_ref=None,
                  category="DEFAMATION", scopes=["SEND"])]


def proved(time):
    """An impersonator is held; the proof of him who is impersonated bans him."""
    return [report(time, "USER:s-phish", "r4", message="ph1", category="IMPERSONATION_PHISHING",
                   area="REGULAR_CHAT", score=930, impersonated_id="s-victim"),
            proof(time + HOUR, "USER:s-victim")]


def content_first(time):
    return [claim(time, "USER:s-poster")]


def protection(time):
    return [chat_event(time + number * 1000, "USER:s-bot", "FRIEND_ADD", area="REGULAR_CHAT",
                       peer_id="p%d" % number) for number in range(100)]


def dismissed(time):
    first = report(time, "USER:s-clean", "r5", message="cl1", score=600)
    return [first, verdict(time + HOUR, "USER:s-clean", "DISMISS_GROUNDLESS",
                           [first["value"]["event_id"]])]


def lapsed(time):
    """Too little to show to a person."""
    return [report(time, "USER:s-doubt", "r5", message="do1", score=200)]


def room(time):
    """An admin advertises: his step, the room's block, its owner's liability."""
    created = chat_event(time, "ROOM:s-room", "ROOM_CREATED", room_id="s-room",
                         member_id="s-owner", role="OWNER")
    first = report(time + DAY, "USER:s-admin", "r6", message="ad1", category="SPAM_AD", score=700,
                   room_id="s-room", actor_role="ADMIN")
    return [created, first, verdict(time + 2 * DAY, "USER:s-admin", "CONFIRM",
                                    [first["value"]["event_id"]], category="SPAM_AD")]


def groundless(time, name="gr"):
    """Ten groundless reports by one reporter: a person is asked about him."""
    lines = [report(time + number * HOUR, "USER:s-target%d" % number, "s-crier",
                    message="%s%d" % (name, number), score=600) for number in range(10)]
    return lines + [verdict(time + DAY + number * MINUTE, "USER:s-target%d" % number,
                            "DISMISS_GROUNDLESS", [line["value"]["event_id"]])
                    for number, line in enumerate(lines)]


def first_part(time=START):
    """All that needs no id of a decision."""
    lines = []
    for make in (ladder, one_strike, authority, proved, content_first, protection, dismissed, lapsed,
                 room, groundless):
        lines += make(time)
    return sorted(lines, key=lambda line: line["timestamp"])


def second_part(step, abuse_case, time=START + 4 * DAY):
    """The first step of the ladder is appealed and reversed, the reporter is warned, and time goes by."""
    return [appeal(time, "USER:s-ladder", step, "s-ladder"),
            verdict(time + HOUR, "USER:s-ladder", "APPEAL_OVERTURN", ["la1"],
                    target_decision_id=step, reviewer_ref="reviewer-2"),
            verdict(time + HOUR, "REPORTER:s-crier", "CONFIRM", ["crier-report"],
                    case_id=abuse_case, category="REPORT_ABUSE", area="ALL"),
            {"advance": time + 30 * DAY}]
