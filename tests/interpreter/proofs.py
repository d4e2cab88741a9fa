# SPDX-License-Identifier: Apache-2.0
"""Proofs of identity: phishing, theft of an account, relaxation (H10, H11, F9, F25, I.19)."""


SUBJECTS = {"IMPERSONATION": "IMPERSONATION_PHISHING", "ACCOUNT_THEFT": "ACCOUNT_THEFT",
            "LIFT_FRAUDULENT_ACCOUNT": "FRAUDULENT_ACCOUNT",
            "RELAX_PROTECTION": "ABNORMAL_ENVIRONMENT"}


class Proofs:
    def need_proof(self, subject, report):
        """A report of lane P asks the person it names for his own proof."""
        if self.category(report["category"])["lane"] != "PROOF" or report["victim"] is None:
            return
        self.send(subject, "USER:" + report["victim"], "PROOF_NEEDED", report["category"],
                  report["id"], report=report, at=self.now)

    def on_needed(self, subject, origin, values):
        report = values["report"]
        purpose = "ACCOUNT_THEFT" if report["category"] == "ACCOUNT_THEFT" else "IMPERSONATION"
        proof = next((p for p in subject.proofs if p["purpose"] == purpose
                      and p["at"] > self.now - self.policy["clocks"]["proof_wait"]
                      and p["suspect"] in (None, origin.id)), None)
        case = ("case", id(report["case"])) if report["case"] else (origin.name, report["category"])
        if case in [n["case"] for n in subject.needed]:
            if report["case"] and len({r["victim"] for r in report["case"]["reports"]}) > 1:
                self.doubt(subject, "proof-asked-again-after-another-person")
        else:
            self.tell(subject, "PROOF_REQUEST", "proof_request")
        if proof:
            return self.accept(subject, origin, report)
        subject.needed.append({"case": case, "from": origin, "report": report, "at": self.now,
                               "purpose": purpose})
        return None

    def accept(self, subject, origin, report):
        self.send(subject, origin.name, "PROOF_ACCEPTED", report=report)

    def proof(self, subject, value):
        if not value["masking_ok"]:
            self.refuse(subject)
            self.tell(subject, "PROOF_REJECTED_UNMASKED")
            return self.ask(subject, "PURGE_EVIDENCE", SUBJECTS.get(value["purpose"]), None,
                            case=value)
        if not value["requested_by_self"] or not value["accepted"]:
            self.refuse(subject)
            return self.tell(subject, "PROOF_REQUEST", "proof_request")
        return {"IMPERSONATION": self.impersonated, "ACCOUNT_THEFT": self.stolen,
                "RELAX_PROTECTION": self.relax, "LIFT_FRAUDULENT_ACCOUNT": self.not_fraudulent,
                }[value["purpose"]](subject, value)

    def waiting(self, subject, purpose, suspect):
        wait = self.policy["clocks"]["proof_wait"]
        return [n for n in subject.needed if n["purpose"] == purpose
                and n["at"] > self.now - wait and suspect in (None, n["from"].id)]

    def impersonated(self, subject, value):
        suspect = value.get("suspect_id")
        found = self.waiting(subject, "IMPERSONATION", suspect)
        if not found:
            subject.proofs.append({"purpose": "IMPERSONATION", "at": self.now, "suspect": suspect})
            return self.tell(subject, "PROOF_REQUEST", "report_needed")
        for need in found:
            subject.needed.remove(need)
            self.accept(subject, need["from"], need["report"])
        return None

    def on_accepted(self, subject, origin, values):
        """The own proof of the impersonated person confirms (F11)."""
        report = values["report"]
        if subject.account in ("MEMORIAL", "WITHDRAWN"):
            return None
        if report["category"] == "ACCOUNT_THEFT":
            return self.outcome(subject, report, "CONFIRMED")
        case = report["case"]
        if case is None:
            case = next((c for c in subject.cases if c["open"]
                         and c["category"] == report["category"]
                         and c["ledger"] == report["ledger"]), None)
        if case is None:
            case = self.new_case(subject, (report["ledger"], report["category"], "PROOF"),
                                 report["area"])
        if report not in case["reports"]:
            case["reports"].append(report)
            report.update(case=case, fate=None)
        if not case["open"]:
            return None
        for other in subject.reports:
            if other["fate"] == "WAITING" and other["victim"] == report["victim"] \
                    and other["category"] == report["category"]:
                other.update(fate=None, case=case)
                case["reports"].append(other)
        return self.ban(subject, case, self.acts(case)[0], True)

    def stolen(self, subject, value):
        """Protects the owner of the account: a hold, and a second proof ends it."""
        target = self.subject("USER:" + (value.get("suspect_id") or subject.id))
        subject.proofs.append({"purpose": "ACCOUNT_THEFT", "at": self.now,
                               "suspect": value.get("suspect_id")})
        for need in self.waiting(subject, "ACCOUNT_THEFT", value.get("suspect_id")):
            subject.needed.remove(need)
            self.accept(subject, need["from"], need["report"])
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
