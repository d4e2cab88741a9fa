# SPDX-License-Identifier: Apache-2.0
"""Accounts: withdrawal, return, memorial; minors (H19, H20, F3, F14, I.22 to I.24)."""

OWN_END = ("RESTRICT_PERM_ALL", "RESTRICT_PERM_AREA", "RESTRICT_TEMP", "OWNER_RESTRICT")


class Accounts:
    def account_change(self, subject, value):
        act = {"WITHDRAWN": self.withdraw, "REGISTERED": self.register, "MEMORIAL": self.memorial,
               "MEMORIAL_DENIED": self.deny_memorial}.get(value["kind"])
        if act:
            act(subject, value)

    def preference(self, subject, value):
        """Concerns the channels of a notice, never whether it is asked for (F6)."""

    # Withdrawal and return -----------------------------------------------------------------------

    def withdraw(self, subject, value):
        if subject.account == "WITHDRAWN":
            return
        subject.account, subject.tag = "WITHDRAWN", value.get("rejoin_tag")
        if not subject.hold_of_law:
            self.erase(subject)

    def erase(self, subject):
        clocks, kept = self.policy["clocks"], []
        for r in subject.running():
            if r["measure"] in OWN_END:
                kept.append(dict(r))
        child = [v for v in subject.violations if v["outcome"] == "CONFIRMED"
                 and "child" in self.traits(v["category"])]
        for r in subject.running():
            self.end(subject, r, "ERASED")
        for case in subject.cases:
            if case["open"]:
                self.close(subject, case, "CLOSED")
        for report in subject.reports:
            if report["fate"] == "WAITING":
                self.outcome(subject, report, "CLOSED")
        for review in subject.reviews:
            self.close_review(subject, review)
        self.send(subject, "REPORTER:" + subject.id, "ERASE")
        if subject.tag:
            if child and not any(r["measure"] == "RESTRICT_PERM_ALL" for r in kept):
                kept.append({"measure": "RESTRICT_PERM_AREA", "ledger": "OPEN_CHAT",
                             "area": "OPEN_CHAT_ROOM", "scopes": {"OPEN_CHAT_USE"},
                             "expires_at": None, "category": child[0]["category"]})
            for r in kept:
                until = r["expires_at"] or self.now + clocks["tombstone_permanent"]
                self.send(subject, "USER:rj." + subject.tag, "TOMBSTONE_STORE", r["measure"],
                          until, measure=r, until=until)
        tag, account, out = subject.tag, subject.account, subject.out
        events = subject.events
        subject.clear()
        subject.tag, subject.account, subject.erased, subject.out = tag, account, True, out
        subject.standing = None
        if not subject.shown:
            subject.out["peers"].append(False)
        subject.shown = False
        subject.events = events

    def on_erase(self, subject, origin, values):
        self.show(subject)
        subject.clear()
        subject.account = "ACTIVE"
        self.show(subject)

    def on_tombstone(self, subject, origin, values):
        subject.tombstones.append(values)

    def register(self, subject, value):
        if value.get("rejoin_tag"):
            self.send(subject, "USER:rj." + value["rejoin_tag"], "REJOIN_CHECK")

    def on_check(self, subject, origin, values):
        for stone in subject.tombstones:
            if stone["until"] > self.now:
                self.send(subject, origin.name, "REJOIN_FOUND", stone["measure"]["measure"],
                          measure=stone["measure"])

    def on_found(self, subject, origin, values):
        r = values["measure"]
        subject.account = "REJOINED"
        self.apply(subject, {k: r[k] for k in ("measure", "ledger", "area", "scopes", "expires_at",
                                               "category")})

    # Memorial ------------------------------------------------------------------------------------

    def memorial(self, subject, value):
        if subject.account != "ACTIVE" and subject.account != "REJOINED":
            return self.refuse(subject)
        for case in subject.cases:
            if case["open"]:
                self.close(subject, case, "CLOSED")
        for report in subject.reports:
            if report["fate"] == "WAITING":
                report["fate"] = "WAITED"
                self.outcome(subject, report, "CLOSED")
        subject.account = "MEMORIAL"
        for r in subject.running():
            r["frozen"] = True
            self.publish(subject, "CHANGE", r, None)
        self.show(subject)
        return None

    def deny_memorial(self, subject, value):
        if subject.account in ("MEMORIAL", "WITHDRAWN"):
            return self.refuse(subject)
        subject.account = "MEMORIAL_DENIED"
        return self.show(subject)

    # Minors --------------------------------------------------------------------------------------

    def minor(self, subject, value):
        clocks, r = self.policy["clocks"], next(
            (r for r in subject.running() if r["measure"] == "MINOR_PROTECTION"), None)
        if value["action"] == "START":
            if r is None and subject.account not in ("MEMORIAL", "WITHDRAWN"):
                self.apply(subject, {
                    "measure": "MINOR_PROTECTION", "ledger": "OPEN_CHAT", "area": "OPEN_CHAT_ROOM",
                    "scopes": self.scopes(clocks["minor_scopes"]),
                    "expires_at": self.now + clocks["minor_protection"]})
        elif r is None:
            self.refuse(subject)
        elif value["action"] == "END":
            self.end(subject, r, "REVIEWER")
        elif self.now < r["expires_at"] - clocks["minor_renewal_before"]:
            self.refuse(subject)
        else:
            r["expires_at"] += clocks["minor_protection"]
            self.publish(subject, "EXTEND", r, None)
            self.tell(subject, "RESTRICTION_CHANGED", r["measure"])
