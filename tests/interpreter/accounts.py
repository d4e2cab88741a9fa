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
        """Measures, questions and cases end at once; an open dispute delays the erasure."""
        self.account_becomes(subject, "WITHDRAWN")
        self.store_tombstones(subject, value.get("rejoin_tag"))
        self.leave(subject)
        if not subject.hold_of_law:
            self.erase(subject)

    def store_tombstones(self, subject, tag):
        if tag is None:
            return
        kept = [r for r in subject.running() if r["measure"] in OWN_END]
        child = [v for v in subject.violations if v["outcome"] == "CONFIRMED"
                 and not v.get("no_strike") and "child" in self.traits(v["category"])]
        if child and not any(r["measure"] == "RESTRICT_PERM_ALL" for r in kept):
            kept.append({"measure": "RESTRICT_PERM_AREA", "ledger": "OPEN_CHAT",
                         "area": "OPEN_CHAT_ROOM", "scopes": {"OPEN_CHAT_USE"},
                         "expires_at": None, "category": child[0]["category"],
                         "violation": child[0]})
        subject.tag = tag if subject.hold_of_law else None
        for r in kept:
            until = r["expires_at"] or self.now + self.policy["clocks"]["tombstone_permanent"]
            self.send(subject, "USER:rj." + tag, "TOMBSTONE_STORE", r["measure"],
                      until, measure=dict(r), until=until)

    def take_back_tombstones(self, subject, r):
        """What a dispute reverses after the withdrawal is not inherited, or no longer."""
        if subject.tag is not None and (r.get("violation") is not None or r["case"] is None):
            self.send(subject, "USER:rj." + subject.tag, "TOMBSTONE_STORE", None, None, gone=r)

    def leave(self, subject):
        for r in subject.running():
            self.end(subject, r, "ERASED")
        for case in subject.cases:
            if case["open"]:
                self.close(subject, case, "CLOSED")
        for review in subject.reviews:
            self.close_review(subject, review)

    def erase(self, subject):
        self.show(subject)
        self.send(subject, "REPORTER:" + subject.id, "ERASE")
        self.forget(subject)
        subject.account = "WITHDRAWN"
        subject.out["peers"].append(False)

    def forget(self, subject):
        waiting = subject.waiting_orders
        subject.clear()
        subject.standing, subject.shown, subject.waiting_orders = None, False, waiting

    def on_erase(self, subject, origin, values):
        self.leave(subject)
        account, subject.account = subject.account, "ACTIVE"
        subject.told, subject.klass = {}, "NORMAL"
        self.show(subject)
        subject.account = account
        self.forget(subject)

    def is_gone(self, subject, kind, value):
        """What a record about somebody who has left does; False: it is judged as ever."""
        if kind in ("Inquiry", "Appeal") and not value["verified_subject"] or kind == "Dispute":
            return False
        if kind == "AccountChange":
            if value["kind"] == "REGISTERED":
                self.account_becomes(subject, "ACTIVE")
                self.register(subject, value)
            else:
                self.refuse(subject)
        elif kind == "AuthorityRequest" and value["action"] == "ORDER" and self.is_binding(value):
            self.await_order(subject, value)
        elif kind == "Report":
            return False
        elif kind not in ("ChatEvent", "NoticePreference"):
            if kind == "AuthorityRequest" and value["action"] == "WITHDRAW":
                subject.waiting_orders = [o for o in subject.waiting_orders
                                          if o["value"]["request_id"] != value["request_id"]]
            self.refuse(subject)
        return True

    def on_tombstone(self, subject, origin, values):
        if "gone" not in values:
            subject.tombstones.append(values)
            return
        for stone in [s for s in subject.tombstones if same_cause(s["measure"], values["gone"])]:
            subject.tombstones.remove(stone)
            if "given_to" in stone:
                self.send(subject, stone["given_to"], "REJOIN_FOUND", None, gone=values["gone"])

    def register(self, subject, value):
        if value.get("rejoin_tag"):
            self.send(subject, "USER:rj." + value["rejoin_tag"], "REJOIN_CHECK")

    def on_check(self, subject, origin, values):
        for stone in subject.tombstones:
            if stone["until"] > self.now:
                stone["given_to"] = origin.name
                self.send(subject, origin.name, "REJOIN_FOUND", stone["measure"]["measure"],
                          measure=stone["measure"])

    def on_found(self, subject, origin, values):
        if "gone" in values:
            for r in [r for r in subject.running() if same_cause(r.get("inherited"), values["gone"])][:1]:
                self.reverse(subject, r, "REVIEWER")
            return
        r = values["measure"]
        subject.account = "REJOINED"
        made = self.apply(subject, {k: r[k] for k in ("measure", "ledger", "area", "scopes", "expires_at",
                                               "category")})
        made["inherited"] = r

    # Memorial ------------------------------------------------------------------------------------

    def memorial(self, subject, value):
        if subject.account in ("MEMORIAL", "MEMORIAL_DENIED"):
            return self.refuse(subject)
        self.account_becomes(subject, "MEMORIAL")
        for case in subject.cases:
            if case["open"]:
                self.close(subject, case, "CLOSED")
        for review in subject.reviews:
            if review["kind"] != "APPEAL":
                self.close_review(subject, review)
        for r in subject.running():
            r["frozen"] = True
            self.publish(subject, "CHANGE", r, None)
        self.show(subject)
        return None

    def deny_memorial(self, subject, value):
        if subject.account in ("MEMORIAL", "MEMORIAL_DENIED"):
            return self.refuse(subject)  # it is done
        subject.account = "MEMORIAL_DENIED"
        return self.show(subject)

    # Minors --------------------------------------------------------------------------------------

    def minor(self, subject, value):
        clocks, r = self.policy["clocks"], next(
            (r for r in subject.running() if r["measure"] == "MINOR_PROTECTION"), None)
        if subject.account == "MEMORIAL" and value["action"] != "END":
            self.refuse(subject)  # running ones keep their end, new ones are not possible (F14)
        elif value["action"] == "START":
            if r is None:
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
            self.tell_of(subject, r, "RESTRICTION_CHANGED", r["measure"])


def same_cause(inherited, r):
    """Whether a tombstone, or what came of one, rests on what was reversed."""
    if inherited is None:
        return False
    violation = r.get("violation")
    return inherited.get("violation") is violation if violation is not None \
        else inherited.get("n") == r["n"]
