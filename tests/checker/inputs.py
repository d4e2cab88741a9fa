"""Every refused input was bad, every bad one was refused, once.

The checks are those that need no policy: key, partition, encoding, time. What is refused for its content is
believed as long as it decodes.

SPDX-License-Identifier: Apache-2.0
"""

import hashlib

BOUNDS = (946684800000, 4102444800000)  # 2000 to 2100
TAKES = {"reports": ("Report",), "chat-events": ("ChatEvent", "Signal"), "verdicts": ("Verdict",),
         "claims": ("RightsClaim", "IdentityProof", "MinorProtectionRequest"),
         "authority-requests": ("AuthorityRequest",),
         "appeals": ("Appeal", "Inquiry", "Dispute", "HarmReport"),
         "accounts": ("AccountChange", "NoticePreference"), "signals": ("Signal",),
         "notice-requests": ("NoticeRequest",)}
BY_CONTENT = ("BAD_FIELD", "NO_REPORT", "NOTICE_UNDECLARED", "NOTICE_OVER_BUDGET", "TOO_LARGE",
              "CRASH_QUARANTINE", "TIMESTAMP_OUT_OF_BOUNDS")


def check(world, partition_of, findings):
    letters = {}
    for record in world.visible("dead-letters"):
        _, letter = world.value(record)
        position = (letter["topic"], letter["partition"], letter["offset"])
        findings.check(position not in letters, "I1", record.place, "%s-%d@%d is refused twice",
                       *position)
        letters[position] = (record, letter)
        findings.count("dead letters")
    topics = [source for topology in world.topologies for source in topology.sources]
    for partition in world.partitions(dict.fromkeys(topics)):
        for record in partition.visible:
            wrong = wrong_with(world, record, partition_of)
            letter = letters.pop((record.topic, record.partition, record.offset), None)
            findings.count("inputs judged")
            if letter is None:
                findings.check(wrong is None, "I1", record.place, "is %s and was not refused", wrong)
            else:
                justified(record, wrong, *letter, findings)
    for position, (record, letter) in letters.items():
        partition = world.topics[letter["topic"]][letter["partition"]]
        findings.check(letter["offset"] < partition.start, "I1", record.place,
                       "refuses %s-%d@%d, where there is no input", *position)


def justified(record, wrong, letter_record, letter, findings):
    place = letter_record.place
    if letter["reason"] == "CRASH_QUARANTINE":
        findings.count("quarantined inputs")
    believed = wrong in (None, "KEY_MISMATCH") and letter["reason"] in BY_CONTENT
    findings.check(letter["reason"] == wrong or believed, "I1", place,
                   "refuses %s as %s; it is %s", record.place, letter["reason"], wrong or "well-formed")
    findings.check(letter["bytes_hash"] == hashlib.sha256(record.data or b"").hexdigest(), "I1", place,
                   "refuses %s, but the hash is not that of its value", record.place)
    findings.check(letter["bytes"] == len(record.data or b""), "I1", place,
                   "refuses %s of %d bytes, it has %d", record.place, letter["bytes"],
                   len(record.data or b""))


def wrong_with(world, record, partition_of):
    """The first thing wrong in the order in which a worker looks; None: nothing that is seen here."""
    if not BOUNDS[0] <= record.timestamp < BOUNDS[1]:
        return "TIMESTAMP_OUT_OF_BOUNDS"
    if len(record.data or b"") > 1 << 20:
        return "TOO_LARGE"
    if record.key is None:
        return "NULL_KEY"
    if record.data is None:
        return "UNDECODABLE"
    if partition_of(record.key) != record.partition:
        return "WRONG_PARTITION"
    if record.data[:10] not in world.schemas.by_prefix:
        return "UNKNOWN_SCHEMA"
    try:
        name, fields = world.value(record)
    except (AssertionError, IndexError, KeyError, ValueError):
        return "UNDECODABLE"
    if name not in TAKES[record.topic]:
        return "UNKNOWN_SCHEMA"
    key = "%s:%s" % (fields["subject_kind"], fields["subject_id"])
    # What is wrong with a field is found before the key is compared.
    return None if key.encode() == record.key else "KEY_MISMATCH"
