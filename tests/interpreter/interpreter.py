# SPDX-License-Identifier: Apache-2.0
"""A second, naive reading of the domain: what should come out of a stream of input records.

Nothing here is shared with the engine but the text and the policy file. A module holds the rules
of one subject; this one puts them together and checks the fields of a record.
"""

import accounts
import behaviour
import breaker
import content
import decisions
import ladder
import proofs
import reporters
import reports
import rooms
import world

CONTENT_VERDICTS = ("CONFIRM", "DISMISS", "DISMISS_GROUNDLESS", "SET_PERMANENT", "CONTENT_MEASURE")


class Interpreter(reports.Reports, ladder.Ladder, decisions.Decisions, rooms.Rooms, proofs.Proofs,
                  content.Content, behaviour.Behaviour, accounts.Accounts, reporters.Reporters,
                  breaker.Breaker, world.World):

    def bad(self, value, kind, timestamp):
        """The reason why a record is a dead letter, or None."""
        act_at = value.get("act_at")
        if act_at is not None and act_at > timestamp:
            return "BAD_FIELD"
        if kind == "Report" and value.get("reporter_id") is None \
                and value["source_kind"] not in ("INSTITUTION_REPORT", "INTERNAL_DETECTION"):
            return "BAD_FIELD"
        if kind == "Verdict" and value["kind"] in CONTENT_VERDICTS and not value["report_ids"] \
                and value.get("request_id") is None:
            return "NO_REPORT"
        if kind == "AuthorityRequest" \
                and value["legal_basis"] not in self.policy["authority_bases"]:
            return "BAD_FIELD"
        if kind == "AccountChange" and value["kind"] == "WITHDRAWN" and not value["erase_consent"]:
            return "BAD_FIELD"
        return None

    def timers(self, subject):
        """What is due and when: time, rank at one time, what to do, with what."""
        for r in subject.running():
            if r["expires_at"] is not None:
                yield r["expires_at"], 0, Interpreter.expire, r
        for case in subject.cases:
            due = self.case_waits_until(case)
            if due is not None:
                yield due, 1, Interpreter.case_waited, case
        for report in subject.reports:
            if report["fate"] == "WAITING" and not report.get("proof_missing"):
                yield report["at"] + self.policy["clocks"]["proof_wait"], 2, \
                    Interpreter.report_waited, report
        for order in subject.waiting_orders:
            yield order["due"], 3, Interpreter.not_executed, order
        if subject.kind == "REPORTER" and subject.klass != "SUSPENDED":  # a share may also rise
            window = self.policy["reporters"]["window"]
            due = [at + window for outcome, at in subject.told.values() if at + window > self.now]
            if due:
                yield min(due), 4, Interpreter.reporter_timer

    HANDLERS = {
        "Report": reports.Reports.report, "Verdict": decisions.Decisions.verdict,
        "Appeal": decisions.Decisions.appeal, "Dispute": decisions.Decisions.dispute,
        "Inquiry": decisions.Decisions.inquiry, "HarmReport": decisions.Decisions.harm,
        "ChatEvent": behaviour.Behaviour.chat_event, "RightsClaim": content.Content.claim,
        "IdentityProof": proofs.Proofs.proof, "MinorProtectionRequest": accounts.Accounts.minor,
        "AuthorityRequest": content.Content.authority,
        "AccountChange": accounts.Accounts.account_change,
        "NoticePreference": accounts.Accounts.preference}

    SIGNALS = {
        "REPORT_OUTCOME": reporters.Reporters.on_outcome,
        "OWNER_LIABILITY": rooms.Rooms.on_liability,
        "OWNER_LIABILITY_REMOVED": rooms.Rooms.on_liability_removed,
        "ROOM_VIOLATION": rooms.Rooms.on_room_violation,
        "ROOM_VIOLATION_REMOVED": rooms.Rooms.on_room_violation_removed,
        "ROOM_SPAM_MARK": rooms.Rooms.on_mark, "ROOM_SPAM_MARK_REMOVED": rooms.Rooms.on_mark_removed,
        "BEHAVIOUR_COPY": behaviour.Behaviour.on_behaviour,
        "PROOF_NEEDED": proofs.Proofs.on_needed, "PROOF_ACCEPTED": proofs.Proofs.on_accepted,
        "PROOF_ACCEPTED_THEFT": proofs.Proofs.on_theft,
        "TOMBSTONE_STORE": accounts.Accounts.on_tombstone, "REJOIN_CHECK": accounts.Accounts.on_check,
        "REJOIN_FOUND": accounts.Accounts.on_found, "ERASE": accounts.Accounts.on_erase}
