"""Random input lines of every record type, from a seed: a few subjects, much repetition, ids that meet.

SPDX-License-Identifier: Apache-2.0
"""

import random

import records
from records import DAY, HOUR

START = 1760000000000
LEDGERS = {"REGULAR_CHAT": "CHAT", "GROUP_CHAT": "CHAT", "SECRET_CHAT": "CHAT",
           "OPEN_CHAT_ROOM": "OPEN_CHAT", "OPEN_CHAT_COVER": "OPEN_CHAT",
           "OPEN_CHAT_BOARD": "OPEN_CHAT", "OPEN_PROFILE": "OPEN_CHAT",
           "OPEN_PROFILE_POST": "OPEN_CHAT", "TALK_PROFILE": "PROFILE", "TALK_BOARD": "BOARD",
           "TALK_CHANNEL": "CHANNEL", "CHANNEL_COMMENT": "CHANNEL", "OTHER_AREA": "NONE",
           "ALL": "NONE"}
AREAS = tuple(LEDGERS)[:-1]
CATEGORIES = records.LADDER + records.ONE_STRIKE + (
    "IMPERSONATION_PHISHING", "ACCOUNT_THEFT", "PERSONAL_DATA_ABUSE", "SYSTEM_ABUSE",
    "OTHER_THREAT", "ELECTION_DISINFO", "DEFAMATION", "SPAM_INVITE", "SPAM_BOARD_LIKE_FRIEND",
    "AD_PROGRAM_SALE", "REPORT_ABUSE", "CHILD_SEXUAL_CRIME")


class Generator:
    """Lines with rising, distinct timestamps. `ids`: cases and decisions of an earlier part that verdicts
    and appeals may name, as (subject, case or decision)."""

    def __init__(self, seed, jitter=False):
        self.rng = random.Random(seed)
        self.now = START + self.rng.randrange(DAY)
        self.jitter = jitter
        self.serial = 0
        self.users = ["u-%d" % at for at in range(6)]
        self.rooms = ["room-%d" % at for at in range(3)]
        self.profiles = ["prof-%d" % at for at in range(2)]
        self.reporters = ["u-%d" % at for at in range(4, 14)]  # some are subjects too
        self.reports = []
        self.cases = []
        self.decisions = []

    def name(self, kind):
        self.serial += 1
        return "%s-%d" % (kind, self.serial)

    def user(self):
        return self.rng.choice(self.users)

    def subject(self):
        rng = self.rng
        return rng.choice(["USER:" + self.user()] * 6 + ["ROOM:" + rng.choice(self.rooms),
                                                         "OPEN_PROFILE:" + rng.choice(self.profiles)])

    def time(self):
        """A new time; with jitter some lines lie in the past of those before."""
        rng = self.rng
        self.now += 1 + rng.choice((rng.randrange(60000), rng.randrange(6 * HOUR),
                                    rng.randrange(6 * HOUR), rng.randrange(4 * DAY)))
        return self.now - (rng.randrange(DAY) if self.jitter and rng.random() < 0.15 else 0)

    def lines(self, count):
        made = []
        for room in self.rooms if self.serial == 0 else ():
            made.append(records.chat_event(
                self.time(), "ROOM:" + room, self.name("evt"), "ROOM_CREATED", room_id=room,
                member_id=self.user(), role="OWNER"))
        makers = ([self.report] * 12 + [self.verdict] * 5 + [self.chat_event] * 3 +
                  [self.claim, self.proof, self.minor, self.authority, self.account,
                   self.preference, self.appeal, self.inquiry, self.dispute, self.harm, self.bad,
                   self.again, self.burst])
        while len(made) < count:
            line = self.rng.choice(makers)()
            made += line if isinstance(line, list) else [line]
        return made

    def report(self, **fields):
        rng = self.rng
        subject = self.subject()
        category, area = rng.choice(CATEGORIES), rng.choice(AREAS)
        extra = {"relation": rng.choice(("NON_FRIEND",) * 4 + ("FRIEND", "UNKNOWN", "SELF")),
                 "actor_role": rng.choice(("MEMBER", "MEMBER", "OWNER", "ADMIN")),
                 "content_ref": rng.choice((None, "m-%d" % rng.randrange(8))),
                 "reporter_class": rng.choice(("NORMAL",) * 4 + ("LOW", "TRUSTED", "SUSPENDED")),
                 "target_age_band": rng.choice(("ADULT", "UNKNOWN", "U14")),
                 "sender_kind": rng.choice(("PERSON",) * 5 + ("CHANNEL",)),
                 "illegal_purpose": rng.choice(("UNKNOWN",) * 5 + ("YES",)),
                 "publisher_is_press": rng.random() < 0.05, "good_faith": rng.random() < 0.95}
        if rng.random() < 0.5:
            extra["room_id"] = rng.choice(self.rooms)
        if not subject.startswith("USER") or rng.random() < 0.2:
            extra["author_id"] = self.user()
        if category in ("IMPERSONATION_PHISHING", "ACCOUNT_THEFT"):
            extra["impersonated_id"] = self.user()
        if rng.random() < 0.3:
            extra.update(sketch=rng.choice(("ab" * 32, "ab" * 16 + "cd" * 16)), sketch_key="k-1")
        if rng.random() < 0.1:
            extra["source_kind"] = rng.choice(("BLOCK_REPORT", "INSTITUTION_REPORT",
                                               "TRUSTED_FLAGGER", "USER_REPORT_ILLEGAL"))
        extra.update(fields)
        line = records.report(self.time(), extra.pop("subject", subject), self.name("rep"),
                              extra.pop("reporter", rng.choice(self.reporters)),
                              extra.pop("category", category), extra.pop("area", area),
                              extra.pop("score", rng.choice((None, 200, 600, 870, 950, 1000))),
                              **extra)
        line["value"]["act_at"] -= rng.choice((0, 0, 2 * DAY, 100 * DAY))
        self.reports.append(line)
        return line

    def burst(self):
        """Several reporters on one message: thresholds are met."""
        rng = self.rng
        first = self.report(score=rng.choice((950, 970)), relation="NON_FRIEND", good_faith=True,
                            publisher_is_press=False, reporter_class="NORMAL",
                            category=rng.choice(records.LADDER),
                            content_ref="m-b%d" % rng.randrange(50))
        lines = [first]
        for reporter in rng.sample(self.reporters, 3):
            value = dict(first["value"], event_id=self.name("rep"), reporter_id=reporter)
            lines.append(dict(first, timestamp=self.time(), value=value))
        return lines

    def again(self):
        """A record once more, later."""
        if not self.reports:
            return self.report()
        return dict(self.rng.choice(self.reports), timestamp=self.time())

    def verdict(self):
        rng = self.rng
        kind = rng.choice(("CONFIRM",) * 5 + ("DISMISS", "DISMISS_GROUNDLESS", "SET_PERMANENT",
                                              "CONTENT_MEASURE", "LIFT", "APPEAL_REJECT",
                                              "APPEAL_REDUCE", "APPEAL_OVERTURN", "APPEAL_OVERTURN",
                                              "RELEASE_HELD", "CANCEL_HELD"))
        subject, fields = self.subject(), {}
        category, area = rng.choice(CATEGORIES), rng.choice(AREAS)
        if self.cases and rng.random() < 0.5:
            subject, fields["case_id"], category, area = rng.choice(self.cases)
            fields["report_ids"] = ["any"]
        elif self.reports:
            report = rng.choice(self.reports[-12:])
            subject = records.key_of(report)
            category, area = report["value"]["category"], report["value"]["area"]
            fields["report_ids"] = [report["value"]["event_id"]]
        if self.decisions and (kind not in ("CONFIRM", "DISMISS") or rng.random() < 0.1):
            subject, fields["target_decision_id"] = rng.choice(self.decisions)
        if kind == "CONTENT_MEASURE":
            fields.update(measure=rng.choice(("CONTENT_REMOVE", "CONTENT_DEMOTE")),
                          content_ref="m-%d" % rng.randrange(8))
        if kind == "APPEAL_REDUCE":
            fields.update(measure="RESTRICT_TEMP", scopes=["SEND"],
                          expires_at=self.now + rng.randrange(10 * DAY))
        return records.verdict(self.time(), subject, self.name("ver"), kind, category, area,
                               rng.choice(("LIGHT", "SEVERE", "CRITICAL")),
                               reviewer_ref=rng.choice(("reviewer-1", "reviewer-2")), **fields)

    def chat_event(self):
        rng = self.rng
        kind = rng.choice(("INVITE", "JOIN", "POST", "LIKE", "FRIEND_ADD", "FRIEND_ADD", "CALL",
                           "ENVIRONMENT", "ROLE_CHANGE", "ROOM_CREATED"))
        room = rng.choice(self.rooms)
        if kind == "ROLE_CHANGE":
            return records.chat_event(self.time(), "ROOM:" + room, self.name("evt"), kind,
                                      room_id=room, member_id=self.user(),
                                      role=rng.choice(("OWNER", "ADMIN", "MEMBER")))
        fields = {"environment": ["EMULATOR"]} if kind == "ENVIRONMENT" else {}
        return records.chat_event(self.time(), "USER:" + self.user(), self.name("evt"), kind,
                                  area=rng.choice(AREAS), room_id=rng.choice((None, room)),
                                  count=rng.choice((1, 1, 40, 120)),
                                  peer_id="peer-%d" % rng.randrange(40), **fields)

    def claim(self):
        rng = self.rng
        return records.claim(self.time(), self.user(), self.name("clm"),
                             rng.choice(("OPEN", "OPEN", "OPEN", "WITHDRAW", "COURT_ORDER")),
                             "claim-%d" % rng.randrange(5),
                             rng.choice(("DEFAMATION", "COPYRIGHT", "PRIVACY_INVASION")),
                             rng.choice(AREAS), prima_facie=rng.random() < 0.9)

    def proof(self):
        rng = self.rng
        return records.proof(self.time(), self.user(), self.name("clm"),
                             rng.choice(("IMPERSONATION", "IMPERSONATION", "ACCOUNT_THEFT",
                                         "RELAX_PROTECTION", "LIFT_FRAUDULENT_ACCOUNT")),
                             masking_ok=rng.random() < 0.8, accepted=rng.random() < 0.8,
                             suspect_id=rng.choice((None, self.user())))

    def minor(self):
        return records.minor(self.time(), self.user(), self.name("min"),
                             self.rng.choice(("START", "START", "RENEW", "END")))

    def authority(self):
        rng = self.rng
        at = self.time()
        return records.authority(
            at, self.user(), self.name("aut"), "req-%d" % rng.randrange(4),
            rng.choice(("ORDER", "ORDER", "WITHDRAW", "OBJECTION_ACCEPTED", "REPORT")),
            rank=rng.choice(("BINDING", "REVIEW")),
            ends_at=rng.choice((None, at + rng.randrange(1, 20) * DAY)),
            legal_basis=rng.choice(("kr.election.82-4",) * 4 + ("kr.none",)))

    def account(self):
        rng = self.rng
        kind = rng.choice(("REGISTERED", "LINKED", "AGE_BAND", "DEVICE", "DEVICE", "REGISTERED",
                           "WITHDRAWN", "MEMORIAL", "MEMORIAL_DENIED"))
        user = self.user()
        fields = {"rejoin_tag": "tag-" + user} if kind in ("WITHDRAWN", "REGISTERED") else {}
        return records.account(self.time(), user, self.name("acc"), kind,
                               language=rng.choice(("KO", "EN")), **fields)

    def preference(self):
        rng = self.rng
        return records.preference(self.time(), rng.choice(self.reporters), self.name("pref"),
                                  rng.choice(("REPORT_RECEIPT", "REPORT_OUTCOME",
                                              "RESTRICTION_APPLIED", "EDUCATION_TIP")),
                                  rng.choice(("PUSH", "IN_APP", "SMS")), rng.random() < 0.4)

    def appeal(self):
        rng = self.rng
        if not self.decisions:
            return self.inquiry()
        if self.cases and rng.random() < 0.25:
            subject, case = rng.choice(self.cases)[:2]
            return records.appeal(self.time(), subject, self.name("app"), None,
                                  rng.choice(self.reporters), "REPORTER_APPEAL", case_id=case)
        subject, decision = rng.choice(self.decisions)
        return records.appeal(self.time(), subject, self.name("app"), decision,
                              subject.split(":")[1],
                              rng.choice(("APPEAL",) * 4 + ("RIGHTS_OBJECTION",
                                                            "AUTHORITY_OBJECTION",
                                                            "HUMAN_REVIEW")))

    def inquiry(self):
        return records.inquiry(self.time(), self.user(), self.name("inq"), self.user(),
                               self.rng.random() < 0.5, self.rng.random() < 0.5)

    def dispute(self):
        rng = self.rng
        subject, decision = rng.choice(self.decisions or [("USER:" + self.user(), None)])
        return records.dispute(self.time(), subject, self.name("dsp"),
                               "dispute-%d" % rng.randrange(3),
                               rng.choice(("OPENED", "OPENED", "CLOSED_UPHELD", "CLOSED_REVERSED",
                                           "CLOSED_SETTLED")), target_decision_id=decision)

    def harm(self):
        return records.harm(self.time(), self.user(), self.name("hrm"),
                            self.rng.choice(("USER", "HARM_LIST")),
                            self.rng.choice(("INCIDENT", "COMPENSATION", "NONE")))

    def bad(self):
        """What ends as a dead letter."""
        rng = self.rng
        line = self.report()
        self.reports.pop()
        kind = rng.randrange(6)
        if kind == 0:
            return {"topic": line["topic"], "timestamp": line["timestamp"],
                    "key": records.key_of(line), "raw": rng.randbytes(rng.randrange(60)).hex()}
        if kind == 1:
            return dict(line, key=None)
        if kind == 2:
            return dict(line, key="USER:somebody-else")
        if kind == 3:
            return dict(line, timestamp=rng.choice((0, 1, 946684799999, 4102444800000)))
        if kind == 4:
            line["value"]["labels"] = [{"category": "DRUGS", "score": 1001, "labeller": "l"}]
            return line
        return {"topic": "claims", "type": "Verdict", "timestamp": line["timestamp"],
                "value": self.verdict()["value"]}
