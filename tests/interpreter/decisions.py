# SPDX-License-Identifier: Apache-2.0
"""Verdicts, appeals, disputes and inquiries (I.7, I.8, I.15, I.16, I.21)."""

from reports import act_of

ON_DECISION = ("LIFT", "APPEAL_REJECT", "APPEAL_REDUCE", "APPEAL_OVERTURN", "RELEASE_HELD",
               "CANCEL_HELD")


class Decisions:
    # Verdicts on cases ---------------------------------------------------------------------------

    def verdict(self, subject, value):
        if value["kind"] in ON_DECISION:
            return self.verdict_on_decision(subject, value)
        if value["kind"] == "CONTENT_MEASURE":
            return self.content_measure(subject, value)
        case = self.case_of(subject, value)
        if case is None:
            return self.refuse(subject)
        if value["kind"] == "SET_PERMANENT":
            return self.set_permanent(subject, case, value)
        if not case["open"]:
            return self.refuse(subject)
        if value["kind"] == "CONFIRM" and subject.account == "MEMORIAL":
            self.adopt(subject, case, value)
            self.decide(subject, case, "CONFIRMED")["no_strike"] = True  # (H20)
            return None
        if value["kind"] == "CONFIRM":
            return self.confirm(subject, case, value)
        return self.dismiss(subject, case, value["kind"] == "DISMISS_GROUNDLESS")

    def dismiss(self, subject, case, groundless):
        if case["category"] == "REPORT_ABUSE":
            return self.dismiss_abuse(subject, case)
        if case["hold"] in subject.running():
            self.end(subject, case["hold"], "NOT_ESTABLISHED")
        outcome = "GROUNDLESS" if groundless else "NO_VIOLATION"
        if case.get("asked_alone"):
            for report in case["asked_alone"]:
                self.outcome(subject, report, outcome)
        self.decide(subject, case, outcome)
        return None

    def case_of(self, subject, value):
        """The case that a verdict decides; None: closed, foreign or unknown (I.7)."""
        named = value.get("case_id")
        if named is not None:
            return self.named_case(subject, named)
        if value["kind"] == "SET_PERMANENT":
            return next((r["case"] for r in subject.reports if r["case"]
                         and r["id"] in value["report_ids"][:1]), None)
        case = next((c for c in subject.cases if c["open"] and value["report_ids"]
                     and any(r["id"] == value["report_ids"][0] for r in c["reports"])), None)
        if case:
            return case
        case = self.new_case(subject, (self.ledger(subject, value["area"]), value["category"],
                                       "VERDICT"), value["area"])
        act_at = self.now if value.get("act_at") is None else value["act_at"]
        case.update(act_at=act_at, act=act_of(dict(value, act_at=act_at)))
        return case

    def named_case(self, subject, named):
        """"@case:REPORT" (of a case before a person), or "@rev:KIND:N": the N-th open review of that kind of the subject."""
        if named.startswith("@case:"):
            return next((r["joined"] for r in subject.reports if r["id"] == named[6:]
                         and r.get("joined") and r["joined"]["review"]), None)
        _, kind, number = named.split(":")
        found = [r for r in subject.reviews if r["kind"] == kind]
        if int(number) >= len(found):
            return None
        review = found[int(number)]
        return review["case"] or review.get("makes")

    def set_permanent(self, subject, case, value):
        """A person makes the last step permanent; it adds no strike (I.15)."""
        ledger = case["ledger"]
        if subject.account == "MEMORIAL":
            return self.refuse(subject)
        if not case["open"] and not any(
                r["open"] and (r["case"] or r.get("makes")) is case for r in subject.reviews):
            return self.refuse(subject)
        review = next((r for r in subject.reviews if r["open"] and r["ledger"] == ledger
                       and r["kind"] in ("LADDER_END", "ROOM_PERMANENT")), None)
        strikes = [v for v in subject.violations if v["ledger"] == ledger and v["measure"]
                   and v["weight"]]
        if not strikes:
            return self.refuse(subject)
        last = strikes[-1]
        r = last["measure"]
        r["reviewer"] = value["reviewer_ref"]
        if subject.kind == "USER":
            old = subject.step_running(ledger)
            last["measure"] = self.apply(subject, {
                "measure": "RESTRICT_PERM_AREA", "ledger": ledger, "area": r["area"],
                "scopes": r["scopes"], "case": last["case"], "violation": last,
                "reviewer": value["reviewer_ref"], "category": last["category"],
                "version": last["version"], "stage": r["stage"], "step": True}, old)
        elif r["state"] == "RUNNING":
            r["expires_at"] = None
            self.publish(subject, "EXTEND", r, None)
            self.tell_of(subject, r, "RESTRICTION_CHANGED", r["measure"])
        else:
            last["measure"] = self.apply(subject, dict(
                {k: r[k] for k in ("measure", "ledger", "area", "scopes", "stage", "step", "case",
                                   "violation", "category", "version")},
                reviewer=value["reviewer_ref"]))
        last["measure"]["permanent"] = True
        self.close_review(subject, review)
        return None

    # Verdicts on decisions -----------------------------------------------------------------------

    def target(self, subject, name):
        """"@N": the N-th restriction that was applied to the subject, "@wN": its N-th warning."""
        if name is None or not name.startswith("@"):
            return None
        of, number = (subject.warnings, name[2:]) if name[1] == "w" \
            else (subject.held, name[6:]) if name.startswith("@held:") \
            else (subject.restrictions, name[1:])
        return of[int(number)] if int(number) < len(of) else None

    def verdict_on_decision(self, subject, value):
        r = self.target(subject, value.get("target_decision_id"))
        if r is None:
            return self.refuse(subject)
        if value["kind"] in ("RELEASE_HELD", "CANCEL_HELD"):
            return self.verdict_on_held(subject, r, value)
        if value["kind"] == "LIFT":
            if r["state"] != "RUNNING":
                return self.refuse(subject)
            return self.end(subject, r, "REVIEWER")
        if r["appeal"] is None or not r["appeal"]["open"] or r["reviewer"] == value["reviewer_ref"]:
            return self.refuse(subject)
        if value["kind"] == "APPEAL_REDUCE" and not self.reduce(subject, r, value):
            return self.refuse(subject)
        if value["kind"] == "APPEAL_OVERTURN":
            self.overturn(subject, r, "APPEAL")
        self.close_review(subject, r["appeal"])
        self.notice(r["appeal"]["appellant"], "APPEAL_RESULT")  # whoever appealed, also for a room (E5)
        return None

    def is_undone(self, r):
        """Reversed already, itself or what it rested on: there is nothing left to take away."""
        violation = r.get("violation")
        return r["state"] == "REVERSED" or (violation is not None
                                            and violation["outcome"] != "CONFIRMED")

    def overturn(self, subject, r, reason):
        violation = r.get("violation")
        if self.is_undone(r):
            return None
        if violation is not None:
            if r["measure"] == "WARNING":
                self.tell(subject, "RESTRICTION_REVERSED", "WARNING")
            elif violation["measure"] is not r and not violation["measure"].get("permanent"):
                self.reverse(subject, r, reason)  # else it goes on as the permanent one
            return self.remove(subject, violation, reason)
        if r["measure"] != "WARNING":
            self.reverse(subject, r, reason)
        return None

    def reduce(self, subject, r, value):
        """A smaller measure in place of the appealed one; False: it would be wider or later."""
        if r["state"] != "RUNNING":
            return False
        measure, end = value.get("measure") or r["measure"], value.get("expires_at")
        scopes = set(value.get("scopes", []))
        same = measure == r["measure"]
        later = r["expires_at"] is not None and (end is None or end > r["expires_at"])
        wider = "ALL" not in r["scopes"] and not scopes <= set(r["scopes"])
        if later or wider or (end is not None and end <= self.now):
            return False
        if not same and r.get("violation") is None:
            return False  # there is no violation that another measure could rest on
        moved = end != r["expires_at"]
        r.update(measure=measure, scopes=scopes, expires_at=end, reduced=True)
        if measure == "TEMPORARY_MEASURE":
            r["objected"] = True  # the poster was heard: the content comes back
        if not same:
            r.update(area=value["area"], ledger=self.ledger(subject, value["area"]))
        self.publish(subject, "SHORTEN" if moved or not same else "CHANGE", r, "APPEAL")
        if measure == "USER_PROTECTION":
            self.tell(subject, "PROTECTION_RELAXED")
        else:
            self.tell_of(subject, r, "RESTRICTION_CHANGED", measure)
        return True

    # Appeals, disputes, inquiries ----------------------------------------------------------------

    def appeal(self, subject, value):
        if not value["verified_subject"]:
            self.refuse(subject)
            return self.notice(value["appellant_id"], "THIRD_PARTY_REFUSED")
        r = self.target(subject, value.get("target_decision_id"))
        window = self.policy["clocks"]["appeal_window"]
        if value["kind"] == "RIGHTS_OBJECTION":
            return self.rights_objection(subject, r, value)
        if value["kind"] == "AUTHORITY_OBJECTION":
            return self.authority_objection(subject, r, value)
        owner = self.owner(subject, None) if subject.kind == "ROOM" else None
        stranger = owner is not None and value["appellant_id"] != owner
        if r is None or self.is_undone(r) or r["appeal"] or stranger \
                or self.now > r["decided_at"] + window:
            return self.notice(value["appellant_id"], "APPEAL_RESULT")
        self.notice(value["appellant_id"], "APPEAL_RECEIPT")
        r["appeal"] = {"kind": "APPEAL", "open": True, "case": r, "ledger": r["ledger"],
                       "appellant": value["appellant_id"]}
        subject.reviews.append(r["appeal"])
        subject.out["reviews"].append((self.now, "APPEAL", "OPEN", r["category"] or "NONE",
                                       r["reviewer"]))
        return None

    def is_forgotten(self, subject, r):
        """What has ended is kept while it, or its case's outcome, may be appealed; with its violation, as long as that."""
        case, own = r["case"], r.get("violation")
        if r["state"] == "RUNNING" or (case and case["open"]):
            return False
        kept = [own] if own is not None else [
            v for v in subject.violations if case and v["case"] is case and v["measure"]]
        if kept:
            return all(self.now >= self.kept_until(subject, v) for v in kept)
        last = max(r["decided_at"], case.get("closed_at", 0) if case else 0)
        return self.now > last + self.policy["clocks"]["appeal_window"]

    def needed_until(self, v):
        """A violation: while it counts, may be appealed, its act is not stale, or its measure runs."""
        until = v["decided_at"] + max(self.policy["clocks"]["appeal_window"], v["window"])
        if v["weight"]:
            until = max(until, v["act_at"] + max(
                s["window"] for s in self.policy["severities"].values() if "window" in s))
        if v["measure"] and v["measure"]["state"] == "RUNNING":
            return max(until, (v["measure"]["expires_at"] or 10 ** 15) + 24 * 3600 * 1000)
        return until

    def kept_until(self, subject, v):
        """Also while a later one is needed in whose step it counted."""
        later = subject.violations[subject.violations.index(v):]
        return max(self.needed_until(w) for w in later if w is v or (
            w["ledger"] == v["ledger"] and w["decided_at"] < v["decided_at"] + v["window"]))

    def dispute(self, subject, value):
        if not subject.hold_of_law:  # an open dispute keeps all there is
            for old in subject.restrictions:
                old["forgotten"] = old.get("forgotten") or self.is_forgotten(subject, old)
        waited = bool(subject.hold_of_law)
        if value["state"] == "OPENED":
            subject.hold_of_law.add(value["dispute_id"])
        else:
            subject.hold_of_law.discard(value["dispute_id"])
        r = self.target(subject, value.get("target_decision_id"))
        if value["state"] == "CLOSED_REVERSED" and r is not None \
                and not r.get("forgotten") and not self.is_undone(r):
            self.take_back_tombstones(subject, r)
            self.overturn(subject, r, "REVIEWER")
        if subject.kind == "USER":
            self.tell(subject, "DISPUTE_STATUS")
        if subject.account == "WITHDRAWN" and waited and not subject.hold_of_law:
            self.erase(subject)
        subject.tag = subject.tag if subject.hold_of_law else None

    def inquiry(self, subject, value):
        if not value["verified_subject"]:
            self.refuse(subject)
            return self.notice(value["inquirer_id"], "THIRD_PARTY_REFUSED")
        for r in subject.running():
            self.tell(subject, "RESTRICTION_APPLIED", "statement")
        if not subject.running():
            self.tell(subject, "RESTRICTION_APPLIED", "statement_none")
        if value["wants_review"]:
            self.question(subject, "INQUIRY", None)
        return None

    def harm(self, subject, value):
        if value["notice"] != "NONE":
            self.tell(subject, {"INCIDENT": "SERVICE_INCIDENT",
                                "COMPENSATION": "COMPENSATION_INFO"}[value["notice"]])
