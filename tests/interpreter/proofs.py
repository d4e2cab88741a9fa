# SPDX-License-Identifier: Apache-2.0
"""Proofs of identity: phishing, theft of an account, relaxation (H10, H11, F9, F25, I.19)."""


SUBJECTS = {"IMPERSONATION": "IMPERSONATION_PHISHING", "ACCOUNT_THEFT": "ACCOUNT_THEFT",
            "LIFT_FRAUDULENT_ACCOUNT": "FRAUDULENT_ACCOUNT",
            "RELAX_PROTECTION": "ABNORMAL_ENVIRONMENT"}


class Proofs:
    def need_proof(self, subject, report):
        """A report of lane P asks the person it names for his own proof, once a case and person."""
        if self.category(report["category"])["lane"] != "PROOF" or report["victim"] is None:
            return
        victim, case = report["victim"], report["case"]
        self.send(subject, "USER:" + victim, "PROOF_NEEDED", report["category"], report["id"],
                  case=case, category=report["category"])
        if victim in case["asked_of"]:
            return
        case["asked_of"].append(victim)
        self.notice(victim, "PROOF_REQUEST", "proof_request")

    def on_needed(self, subject, origin, values):
        since = self.now - self.policy["clocks"]["proof_wait"]
        need = {"case": values["case"], "from": origin, "at": self.now,
                "category": values["category"]}
        # What has waited in vain waits anew, behind those that wait still.
        subject.needed = [n for n in subject.needed if n["at"] > since]
        if any(p["at"] > since and self.joins(p["category"], p["suspect"], need) for p in subject.proofs):
            return self.accept(subject, need)
        known = next((n for n in subject.needed if n["case"] is need["case"]), None)
        if known:
            known["at"] = self.now
        else:
            subject.needed.append(need)
        return None

    def joins(self, category, suspect, need):
        return category == need["category"] and suspect in (None, need["from"].id)

    def accept(self, subject, need):
        self.send(subject, need["from"].name, "PROOF_ACCEPTED", case=need["case"])

    def proof(self, subject, value):
        if not value["masking_ok"]:
            self.refuse(subject)
            self.tell(subject, "PROOF_REJECTED_UNMASKED")
            return self.question(subject, "PURGE_EVIDENCE", SUBJECTS[value["purpose"]])
        if not value["requested_by_self"] or not value["accepted"]:
            self.refuse(subject)
            return self.tell(subject, "PROOF_REQUEST", "proof_request")
        return {"IMPERSONATION": self.impersonated, "ACCOUNT_THEFT": self.stolen,
                "RELAX_PROTECTION": self.relax, "LIFT_FRAUDULENT_ACCOUNT": self.not_fraudulent,
                }[value["purpose"]](subject, value)

    def join_reports(self, subject, category, suspect):
        """Sends the proof to the cases that wait for it, and keeps it for those to come."""
        subject.proofs.append({"category": category, "at": self.now, "suspect": suspect})
        since = self.now - self.policy["clocks"]["proof_wait"]
        found = [n for n in subject.needed if n["at"] > since
                 and self.joins(category, suspect, n)]
        subject.needed = [n for n in subject.needed if not any(n is f for f in found)]
        for need in found:
            self.accept(subject, need)
        return found

    def impersonated(self, subject, value):
        if not self.join_reports(subject, "IMPERSONATION_PHISHING", value.get("suspect_id")):
            self.tell(subject, "PROOF_REQUEST", "report_needed")

    def on_accepted(self, subject, origin, values):
        """The own proof of the impersonated person confirms (F11); a decided case stays so."""
        case = values["case"]
        if not case["open"]:
            return self.refuse(subject)
        if case["category"] == "ACCOUNT_THEFT" or subject.account == "MEMORIAL":
            return self.decide(subject, case, "CONFIRMED")
        return self.confirm(subject, case, {}, released=True)

    def stolen(self, subject, value):
        """Protects the owner of the account: a hold, and a second proof ends it."""
        target = self.subject("USER:" + (value.get("suspect_id") or subject.id))
        self.join_reports(subject, "ACCOUNT_THEFT", value.get("suspect_id"))
        if target is subject:
            return self.hold_stolen(subject)
        return self.send(subject, target.name, "PROOF_ACCEPTED_THEFT")

    def on_theft(self, subject, origin, values):
        self.hold_stolen(subject)

    def hold_stolen(self, subject):
        hold = next((r for r in subject.running() if r["measure"] == "PROVISIONAL_HOLD"
                     and r["category"] == "ACCOUNT_THEFT"), None)
        if hold:
            return self.end(subject, hold, "IDENTITY_CONFIRMED")
        if subject.account == "MEMORIAL":
            return self.refuse(subject)
        clocks = self.policy["clocks"]
        return self.apply(subject, {
            "measure": "PROVISIONAL_HOLD", "scopes": self.scopes(clocks["hold_scopes"]),
            "expires_at": self.now + clocks["hold"], "category": "ACCOUNT_THEFT"})

    def relax(self, subject, value):
        """An identity check ends a hold for theft and shortens a protection."""
        done = False
        for r in subject.running():
            if r["measure"] == "PROVISIONAL_HOLD" and r["category"] == "ACCOUNT_THEFT":
                self.end(subject, r, "IDENTITY_CONFIRMED")
                done = True
            elif r["measure"] == "USER_PROTECTION":
                end = min(r["expires_at"], self.now + self.policy["protection"]["identity_end"])
                if end < r["expires_at"]:
                    r["expires_at"], done = end, True
                    self.publish(subject, "SHORTEN", r, "IDENTITY_CONFIRMED")
                    self.tell(subject, "PROTECTION_RELAXED")
        if not done:
            self.refuse(subject)

    def not_fraudulent(self, subject, value):
        r = self.target(subject, value.get("target_decision_id"))
        if r is None or r["state"] != "RUNNING" or r["category"] != "FRAUDULENT_ACCOUNT":
            return
        self.end(subject, r, "IDENTITY_CONFIRMED")
