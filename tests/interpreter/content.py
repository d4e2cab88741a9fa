# SPDX-License-Identifier: Apache-2.0
"""Measures on content: claims, orders of authorities, reviewers (H12, H13, I.20, I.21)."""


class Content:
    # Rights claims -------------------------------------------------------------------------------

    def on_content(self, subject, content, measures):
        return next((r for r in subject.running() if r["target"] == content
                     and r["measure"] in measures), None)

    def claim(self, subject, value):
        if value["action"] == "WITHDRAW":
            return self.claim_withdrawn(subject, value)
        content = value["content_ref"]
        running = self.on_content(subject, content, ("TEMPORARY_MEASURE",))
        if value["action"] == "COURT_ORDER":
            return self.remove_content(subject, content, value["area"], value["category"], running)
        if self.area_class(value["area"]) != "PUBLIC":
            return self.question(subject, "PRIVATE_RIGHTS_CLAIM", value["category"])
        if not value["prima_facie"] or value["publisher_is_press"]:
            return self.question(subject, "CONTENT", value["category"])
        if running:
            running["claims"].add(value["claim_id"])
            if value.get("claimant_id"):
                self.notice(value["claimant_id"], "TEMPORARY_MEASURE_CLAIMANT")
            return None
        r = self.apply(subject, {
            "measure": "TEMPORARY_MEASURE", "target": content, "area": value["area"],
            "expires_at": self.now + self.policy["clocks"]["temporary_measure"],
            "category": value["category"], "version": self.at(value["act_at"])[1]}, tell=False)
        r.update(claims={value["claim_id"]}, objected=False)
        self.tell(subject, "TEMPORARY_MEASURE_POSTER")
        self.tell(subject, "PUBLIC_MARK")
        if value.get("claimant_id"):
            self.notice(value["claimant_id"], "TEMPORARY_MEASURE_CLAIMANT")
        return None

    def claim_withdrawn(self, subject, value):
        for r in subject.running():
            if r["measure"] == "TEMPORARY_MEASURE" and value["claim_id"] in r.get("claims", ()):
                r["claims"].discard(value["claim_id"])
                if not r["claims"]:
                    self.end(subject, r, "CLAIM_WITHDRAWN")
                return
        self.refuse(subject)

    def rights_objection(self, subject, r, value):
        if r is None or r["measure"] != "TEMPORARY_MEASURE" or r["state"] != "RUNNING" \
                or r.get("objected", True):  # a person's measure is appealed, not objected to
            return self.notice(value["appellant_id"], "APPEAL_RESULT")
        r["objected"] = True
        return self.notice(value["appellant_id"], "APPEAL_RECEIPT")

    def temporary_measure_ends(self, subject, r):
        silent = subject.account == "MEMORIAL"
        if r.get("objected") or "claims" not in r \
                or self.policy["switches"]["temporary_measure_end"] != "REMOVE":
            return self.end(subject, r, "EXPIRED", not silent)
        return self.remove_content(subject, r["target"], r["area"], r["category"], r)

    def remove_content(self, subject, content, area, category, old):
        r = self.apply(subject, {"measure": "CONTENT_REMOVE", "target": content, "area": area,
                                 "category": category}, old, tell=False)
        self.tell(subject, "TEMPORARY_MEASURE_POSTER")
        return r

    def content_measure(self, subject, value):
        if value.get("content_ref") is None or value.get("measure") not in (
                "CONTENT_REMOVE", "CONTENT_DEMOTE", "TEMPORARY_MEASURE"):
            return self.refuse(subject)
        self.apply(subject, {
            "measure": value["measure"], "target": value["content_ref"], "area": value["area"],
            "expires_at": value.get("expires_at"), "category": value["category"],
            "reviewer": value["reviewer_ref"]})
        return None

    # Authorities ---------------------------------------------------------------------------------

    def authority(self, subject, value):
        action = value["action"]
        if action == "REPORT":
            return self.report(subject, report_of(value, self.now), request=True)
        order = next((o for o in subject.orders if o["request_id"] == value["request_id"]), None)
        if action == "ORDER":
            return self.order(subject, value, order)
        if action == "WITHDRAW":
            subject.waiting_orders = [o for o in subject.waiting_orders
                                      if o["value"]["request_id"] != value["request_id"]]
        if order is None or order["measure"]["state"] != "RUNNING":
            return self.refuse(subject)
        if action == "OBJECTION_REFUSED":
            if order["measure"].get("objected"):
                self.tell(subject, "APPEAL_RESULT")
            return None
        return self.end(subject, order["measure"], "AUTHORITY_WITHDRAWN"
                        if action == "WITHDRAW" else "OBJECTION")

    def order(self, subject, value, known):
        if not self.is_binding(value):
            return self.question(subject, "AUTHORITY_NOT_BINDING", value["category"])
        if known and known["measure"]["state"] == "RUNNING":
            return self.change_order(subject, value, known["measure"])
        if subject.account == "MEMORIAL" and value["target_kind"] != "CONTENT":
            return self.await_order(subject, value)  # only content measures are possible (F14)
        order = {"request_id": value["request_id"], "measure": None, "value": value}
        subject.orders.insert(0, order)
        order["measure"] = self.apply(subject, {
            "measure": "AUTHORITY_ACTION", "area": value["area"], "category": value["category"],
            "target": value.get("content_ref") if value["target_kind"] == "CONTENT" else None,
            "scopes": set(value.get("scopes", [])), "expires_at": value.get("ends_at")}, tell=False)
        self.executed(subject, value)
        self.tell(subject, "AUTHORITY_ACTION_POSTER")
        return None

    def is_binding(self, value):
        base = self.policy["authority_bases"][value["legal_basis"]]
        return value["rank"] == "BINDING" and value["authority"] in base.get("binding", [])

    def await_order(self, subject, value):
        """Nobody is there to execute it on: its authority is told at the deadline (I.21)."""
        self.refuse(subject)
        due = value.get("execute_by")
        if due is None:
            due = self.now + self.policy["clocks"]["authority_execution"]
        subject.waiting_orders = [o for o in subject.waiting_orders
                                  if o["value"]["request_id"] != value["request_id"]]
        subject.waiting_orders.append({"value": value, "due": max(due, self.now)})

    def executed(self, subject, value):
        subject.out["authority"].append(("EXECUTED", value["authority"], value["request_id"]))

    def change_order(self, subject, value, r):
        end, scopes = value.get("ends_at"), set(value.get("scopes", []))
        far = float("inf")
        old, new = far if r["expires_at"] is None else r["expires_at"], far if end is None else end
        if (old, r["scopes"]) != (new, scopes):
            r.update(expires_at=end, scopes=scopes)
            self.publish(subject, "EXTEND" if new > old else "SHORTEN" if new < old else "CHANGE",
                         r, None)
            self.tell_of(subject, r, "RESTRICTION_CHANGED", r["measure"])
        self.executed(subject, value)

    def not_executed(self, subject, order):
        subject.waiting_orders.remove(order)
        subject.out["authority"].append(
            ("NOT_EXECUTED", order["value"]["authority"], order["value"]["request_id"]))

    def authority_objection(self, subject, r, value):
        window = self.policy["clocks"]["authority_objection"]
        if r is None or r["measure"] != "AUTHORITY_ACTION" or r["state"] != "RUNNING" \
                or r.get("objected") or self.now > r["decided_at"] + window:
            return self.notice(value["appellant_id"], "APPEAL_RESULT")
        r["objected"] = True
        order = next(o for o in subject.orders if o["measure"] is r)
        subject.out["authority"].append(
            ("OBJECTION_FORWARDED", order["value"]["authority"], order["request_id"]))
        return self.notice(value["appellant_id"], "APPEAL_RECEIPT")

    def tell_authority(self, subject, case):
        report = self.category(case["category"]).get("report")
        if report:
            subject.out["authority"].append((report["kind"], report["to"], None))


def report_of(value, now):
    """The report that an authority's REPORT is: an institution's, which counts and is no act."""
    return dict(value, source_kind="INSTITUTION_REPORT", good_faith=True, relation="NON_FRIEND",
                act_at=now if value.get("act_at") is None else value["act_at"],
                publisher_is_press=False)
