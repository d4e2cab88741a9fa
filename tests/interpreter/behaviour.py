# SPDX-License-Identifier: Apache-2.0
"""Chat events: protection by behaviour, bursts that enrich a report, roles (H14, F2, I.13, I.18)."""

BURSTS = {"SPAM_INVITE": ("INVITE",), "SPAM_BOARD_LIKE_FRIEND": ("POST", "LIKE", "FRIEND_ADD")}


class Behaviour:
    def chat_event(self, subject, value):
        if subject.kind == "ROOM":
            return self.room_event(subject, value)
        event = {"kind": value["kind"], "at": self.now, "area": value["area"],
                 "peer": value.get("peer_id"), "count": value["count"], "counted": False}
        if subject.account == "WITHDRAWN":
            return None
        subject.behaviour.append(event)
        self.trip(subject, event)
        for case in [c for c in subject.cases if c["open"] and c["category"] in BURSTS]:
            if event["kind"] in BURSTS[case["category"]] and case["reports"] \
                    and case["key"][2] is None:
                self.burst_by_event(subject, case)
        return None

    def room_event(self, subject, value):
        if value["kind"] not in ("ROOM_CREATED", "ROLE_CHANGE") or value.get("member_id") is None:
            return
        role = "OWNER" if value["kind"] == "ROOM_CREATED" else value["role"]
        subject.roles.append((value["occurred_at"], value["member_id"], role))
        if value["kind"] == "ROOM_CREATED":
            self.send(subject, "USER:" + value["member_id"], "BEHAVIOUR_COPY",
                      area=value["area"], count=value["count"])

    def on_behaviour(self, subject, origin, values):
        if subject.account == "WITHDRAWN":
            return
        event = {"kind": "ROOM_CREATED", "at": self.now, "area": values["area"], "peer": None,
                 "count": values["count"], "counted": False}
        subject.behaviour.append(event)
        self.trip(subject, event)

    def trip(self, subject, event):
        """Too much of one kind in an hour protects; no event counts in two trips."""
        rule = self.policy["protection"]
        limits = {"FRIEND_ADD": "friend_adds", "JOIN": "open_chat_joins",
                  "ROOM_CREATED": "rooms_made"}
        if event["kind"] not in limits or subject.account == "MEMORIAL" or (
                event["kind"] == "JOIN" and self.area_class(event["area"]) != "PUBLIC"):
            return
        since = self.now - rule["trip_window"]
        found = [e for e in subject.behaviour if e["kind"] == event["kind"] and e["at"] > since
                 and not e["counted"]
                 and (e["kind"] != "JOIN" or self.area_class(e["area"]) == "PUBLIC")]
        if sum(e["count"] for e in found) < rule[limits[event["kind"]]]:
            return
        for e in found:
            e["counted"] = True
        running = self.protection(subject)
        if running:
            return self.extend(subject, running)
        self.apply(subject, {
            "measure": "USER_PROTECTION", "scopes": self.scopes(rule["scopes"]),
            "expires_at": self.now + rule["duration"], "disclosed": False,
            "category": "ABNORMAL_ENVIRONMENT"}, tell=False)["since"] = subject.reports[:]
        self.tell(subject, "PROTECTION_APPLIED")

    def protection(self, subject):
        return next((r for r in subject.running() if r["measure"] == "USER_PROTECTION"), None)

    def extend(self, subject, r):
        rule = self.policy["protection"]
        end = min(self.now + rule["extension"], r["starts_at"] + rule["longest"])
        r["since"] = subject.reports[:]
        if end > r["expires_at"]:
            r["expires_at"] = end
            self.publish(subject, "EXTEND", r, None)
            self.tell(subject, "PROTECTION_EXTENDED")

    def extend_by_reports(self, subject):
        r = self.protection(subject)
        if r is None:
            return
        reporters = {i["reporter"] for i in subject.reports
                     if not any(i is before for before in r["since"])
                     and i["class"] in ("NORMAL", "TRUSTED") and i["reporter"] is not None
                     and i["fate"] != "ANSWERED" and not i["only_asks"] and not i["waits"]}
        if len(reporters) >= self.policy["protection"]["extension_reports"]:
            self.extend(subject, r)

    def burst(self, subject, case, area_class, count):
        """Distinct targets of invitations, or of posts, likes and friend adds, in 24 h."""
        kinds = BURSTS.get(case["category"])
        if kinds is None or area_class == "NONE" or subject.kind != "USER":
            return False
        since = self.now - self.policy["cases"]["burst_window"]
        limits = self.policy["evidence"][area_class]
        peers = {e["peer"] for e in subject.behaviour if e["kind"] in kinds and e["at"] > since
                 and e["peer"] is not None and self.area_class(e["area"]) == area_class}
        return len(peers) >= limits["burst_targets"] and count >= limits["burst_reporters"]

    def burst_by_event(self, subject, case):
        area_class = self.area_class(case["area"])
        if not self.is_left_to_a_person(subject, case) and not case["held"] \
                and self.burst(subject, case, area_class, self.reporters(case["reports"])):
            self.confirm(subject, case, {})
