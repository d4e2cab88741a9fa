# SPDX-License-Identifier: Apache-2.0
"""Rooms, open profiles, their owners; clusters, marks and staff ads (H7 to H9, F16, I.13, I.14)."""

OPEN_AREAS = ("OPEN_CHAT_ROOM", "OPEN_CHAT_COVER", "OPEN_CHAT_BOARD")


class Rooms:
    # Owners --------------------------------------------------------------------------------------

    def owner(self, subject, at):
        """Who owned the room at a time; at None: who owns it now."""
        known = [r for r in subject.roles if r[2] == "OWNER" and (at is None or r[0] <= at)]
        return max(known, key=lambda r: r[0])[1] if known else None

    def profile_user(self, case):
        """Whose profile it is: the author that the earliest report of the case names."""
        named = [r["author"] for r in case["reports"] if r["author"]] if case else []
        return named[0] if named else None

    # Violations of a room or profile -------------------------------------------------------------

    def confirm_room(self, subject, case, value, released=False, category=None, cause=None):
        """A strike of the room, and one of its owner at the act."""
        if category:
            case["category"] = category
        acts = self.acts(case)
        rule = self.policy["ladders"]["ROOM"]
        struck = [v["struck"] for v in subject.violations if v["weight"]]
        act = next((a for a in acts if a[0] > self.now - rule["window"] and a[2] not in struck),
                   None)
        if act is None:
            self.decide(subject, case, "CONFIRMED")
            return None
        policy, version = self.at(act[0])[:2]
        stage, row = self.stage(subject, "ROOM", policy, rule["weight"])
        step = {"measure": row["measure"], "scopes": self.scopes(row["scopes"])}
        if cause is None and not released and self.breaks(subject, case, step):
            return None
        severity = self.severity(case, value, policy)
        violation = self.decide(subject, case, "CONFIRMED")
        self.count(violation, rule["weight"], rule["window"], policy, version, act)
        violation.update(area="OPEN_PROFILE" if subject.kind == "OPEN_PROFILE"
                         else "OPEN_CHAT_ROOM", cause=cause)
        self.step(subject, violation, stage, row)
        owner = self.owner(subject, act[0]) if subject.kind == "ROOM" else self.profile_user(case)
        if owner and not (cause and cause["by"] == "USER:" + owner):
            self.blame(subject, violation, owner, case, act,
                       "SEVERE" if severity == "CRITICAL" else severity)
        return violation

    def blame(self, subject, violation, owner, case, act, severity):
        to = "USER:" + owner
        violation["told"].append((to, "OWNER_LIABILITY"))
        self.send(subject, to, "OWNER_LIABILITY", case["category"], severity, act[0],
                  cause=violation, category=case["category"], severity=severity, act=act)

    def on_liability(self, subject, origin, values):
        """The owner's own strike, with its own staleness."""
        act_at, cause = values["act"][0], values["cause"]
        if subject.account in ("MEMORIAL", "WITHDRAWN"):
            if subject.account == "MEMORIAL":
                self.refuse(subject)
            return
        policy, version = self.at(act_at)[:2]
        rule = policy["severities"][values["severity"]]
        case = self.new_case(subject, ("OPEN_CHAT", values["category"], "OWNER"), "OPEN_CHAT_ROOM")
        case.update(act_at=act_at, act=("OWNER", origin.name, cause["decided_at"], act_at))
        violation = self.decide(subject, case, "CONFIRMED")
        violation.update(owner=True, cause={"by": origin.name, "violation": cause}, case=None)
        if act_at <= self.now - rule["window"]:
            return
        self.count(violation, rule["weight"], rule["window"], policy, version,
                   (act_at, None, case["act"], None))
        violation["severity"] = values["severity"]
        stage, row = self.stage(subject, "OPEN_CHAT", policy)
        self.step(subject, violation, stage, row)

    def on_liability_removed(self, subject, origin, values):
        for v in subject.violations:
            if v["owner"] and v["cause"]["violation"] is values["cause"] \
                    and v["outcome"] == "CONFIRMED":
                self.remove(subject, v, "APPEAL")

    # Staff ads -----------------------------------------------------------------------------------

    def staff_ad(self, subject, case, violation, report):
        """A confirmed ad of an owner or admin is a violation of the room, too."""
        cluster = case.get("cluster")
        for r in cluster or []:
            if r["room"]:
                self.mark(subject, violation, r)
        if report is None or "staff_ad" not in self.traits(case["category"]) \
                or report["role"] not in ("OWNER", "ADMIN") or subject.kind != "USER":
            return
        rooms = {r["room"]: r for r in (cluster or [report]) if r["room"]
                 and self.policy["areas"][r["area"] if cluster else violation["area"]]["ledger"]
                 == "OPEN_CHAT"}
        for room in sorted(rooms):
            to = "ROOM:" + room
            violation["told"].append((to, "ROOM_VIOLATION"))
            if violation["severity"] != "LIGHT":
                self.doubt(subject, "owner-weight-of-staff-ad")
            self.send(subject, to, "ROOM_VIOLATION", report["act_at"], cause=violation,
                      act_at=report["act_at"], area=report["area"])

    def on_room_violation(self, subject, origin, values):
        case = self.new_case(subject, ("ROOM", "ROOM_STAFF_AD", "SIGNAL"), values["area"])
        case.update(act_at=values["act_at"], act=(origin.name, id(values["cause"])))
        self.confirm_room(subject, case, {}, category="ROOM_STAFF_AD",
                          cause={"by": origin.name, "violation": values["cause"]})

    def on_room_violation_removed(self, subject, origin, values):
        for v in subject.violations:
            if v["cause"] and v["cause"].get("violation") is values["cause"] \
                    and v["outcome"] == "CONFIRMED":
                self.remove(subject, v, "APPEAL")

    # Clusters and marks --------------------------------------------------------------------------

    def mark(self, subject, violation, report):
        to = "ROOM:" + report["room"]
        if (to, "ROOM_SPAM_MARK") not in violation["told"]:
            violation["told"].append((to, "ROOM_SPAM_MARK"))
            self.send(subject, to, "ROOM_SPAM_MARK", cause=violation, area=report["area"])

    def on_mark(self, subject, origin, values):
        subject.marks.append({"by": origin.name, "at": self.now, "cause": values["cause"],
                              "area": values["area"]})
        self.weigh_marks(subject)

    def weigh_marks(self, subject):
        rule = self.policy["rooms"]
        open_marks = [m for m in subject.marks if m["at"] > self.now - rule["spam_mark_window"]
                      and self.area_class(m["area"]) == "PUBLIC"]
        enough = len({m["by"] for m in open_marks}) >= rule["spam_mark_senders"]
        review = next((r for r in subject.reviews if r["open"]
                       and r["kind"] == "ROOM_SPAM_PURPOSE"), None)
        if enough and review is None:
            case = self.new_case(subject, ("ROOM", "ROOM_STAFF_AD", "SPAM_PURPOSE"),
                                 "OPEN_CHAT_ROOM")
            case.update(act_at=None, act=("SPAM_PURPOSE", self.now))
            case["review"] = self.ask(subject, "ROOM_SPAM_PURPOSE", "ROOM_STAFF_AD", "ROOM", case)
        elif review and not enough:
            review["case"]["open"] = False
            self.close_review(subject, review)

    def on_mark_removed(self, subject, origin, values):
        subject.marks = [m for m in subject.marks if m["cause"] is not values["cause"]]
        self.weigh_marks(subject)

    def cluster(self, subject, report):
        """The same message in many rooms (I.13); the ordinary thresholds were looked at first."""
        if subject.kind != "USER" or report["case"] is None or not report["case"]["open"] \
                or report["sketch"] is None or "spam" not in self.traits(report["category"]):
            return
        area_class = self.area_class(report["area"])
        if area_class == "NONE":
            return
        limits, since = self.policy["evidence"][area_class], \
            self.now - self.policy["cases"]["multiroom_window"]
        found = [r for r in subject.reports if r["at"] > since and r["ledger"] == report["ledger"]
                 and r["case"] and r["case"]["open"] and not r["case"]["held"]
                 and not self.is_left_to_a_person(subject, r["case"]) and "spam" in self.traits(r["category"]) and r["fate"] is None
                 and self.similar(r, report)]
        rooms = {r["room"] for r in found if r["room"]}
        if len(rooms) < limits["multiroom_rooms"] \
                or self.reporters(found) < limits["multiroom_reporters"]:
            return
        case = self.new_case(subject, (report["ledger"], "SPAM_REPEAT_MULTIROOM", "CLUSTER"),
                             report["area"])
        case["reports"], case["cluster"] = found, found
        for r in found:
            r["case"]["reports"].remove(r)
            if not r["case"]["reports"]:
                r["case"]["open"] = False
                self.close_review(subject, r["case"]["review"])
            r["case"] = case
        self.confirm(subject, case, {})

    def similar(self, a, b):
        if a["sketch"] is None or a["sketch_key"] != b["sketch_key"]:
            return False
        equal = sum(1 for i in range(0, 64, 4) if a["sketch"][i:i + 4] == b["sketch"][i:i + 4])
        return equal >= self.policy["cases"]["sketch_equal_min"]

    def copy_to_room(self, subject, report):
        if subject.kind == "USER" and report["room"] and report["area"] in OPEN_AREAS:
            self.send(subject, "ROOM:" + report["room"], "REPORT_COPY", report["id"])

    # Requests by users and institutions ----------------------------------------------------------

    def room_requests(self, subject):
        """Many reporters and an institution, or very many reporters (H9, I.14)."""
        if subject.kind != "ROOM":
            return
        rule = self.policy["rooms"]
        since = self.now - rule["request_window"]
        reports = [r for r in subject.reports if r["at"] > since and not r["used"] and r["case"]
                   and r["case"]["open"] and r["fate"] is None
                   and not self.is_left_to_a_person(subject, r["case"])
                   and self.category(r["category"])["lane"] == "LADDER"]
        asked = [r for r in subject.reports if r["at"] > since and not r["used"]
                 and r["source"] == "INSTITUTION_REPORT" and r["case"]
                 and (r["case"]["open"] or r not in r["case"]["reports"])]  # or it lapsed
        count = self.reporters(reports)
        if count >= rule["request_reporters"] \
                and len(asked) >= rule["request_institutions"]:
            self.room_requested(subject, reports, asked)
        elif count >= rule["request_reporters_alone"] and (
                subject.asked_alone_at is None or subject.asked_alone_at <= since):
            subject.asked_alone_at = self.now
            case = self.new_case(subject, ("ROOM", "ROOM_MULTI_REQUEST", "ALONE"),
                                 "OPEN_CHAT_ROOM")
            case.update(act_at=None, act=("ALONE", self.now), asked_alone=reports)
            case["review"] = self.ask(subject, "CONTENT", "ROOM_MULTI_REQUEST", "ROOM", case)

    def room_requested(self, subject, reports, institutions):
        case = self.new_case(subject, ("ROOM", "ROOM_MULTI_REQUEST", "REQUESTS"),
                             "OPEN_CHAT_ROOM")
        for one in reports + institutions:
            one["used"] = True
        both = reports + [r for r in institutions if r not in reports]
        for old in {id(r["case"]): r["case"] for r in both if r["case"]["open"]}.values():
            old["reports"] = [r for r in old["reports"] if r not in both]
            if not old["reports"]:
                old["open"] = False
                self.close_review(subject, old["review"])
        case["reports"] = both
        for r in both:
            r["case"] = case
        self.confirm_room(subject, case, {})
