# SPDX-License-Identifier: Apache-2.0
"""What is not compared: rules on which the engine is known to differ, and what the text leaves open.

README.md gives the reason of each.
"""

# A stream that meets one of these is left out; findings/ has a smallest stream of each.
KNOWN = {
    "verdict-while-friend-report-waits":
        "F9, I.5: a friend's report waits for a proof; the engine: a verdict on its case answers it",
    "proof-asked-again-after-another-person":
        "I.19 'PROOF_REQUEST goes out once per case and person': the engine keeps one person a case",
    "appeal-against-a-content-measure":
        "I.16: may be appealed, not decided by its reviewer; the engine refuses it for "
        "CONTENT_REMOVE and forgets category and reviewer of CONTENT_DEMOTE",
    "room-appeal-by-another":
        "I.16 'for a ROOM the present owner appeals': the engine lets anybody appeal",
    "institution-request-taken-as-an-act":
        "I.5, I.21: a case waits 14 d from its first report; the engine: a REPORT of an authority, "
        "which only counts, begins the wait, too",
    "act-decided-twice":
        "I.4 does not say which decision answers when an act was decided in two cases",
}

UNREAD_NOTICES = ()
UNREAD_SIGNALS = ("REPORT_COPY",)


def normal(what, entries):
    """The entries of one kind in the order and the detail that the text fixes."""
    if what == "notices":
        return sorted(e for e in entries if e[0] not in UNREAD_NOTICES)
    if what == "signals":
        entries = [e for e in entries if e[0] not in UNREAD_SIGNALS]
    if what in ("reviews", "outcomes", "signals", "refused", "dead"):
        return sorted(entries, key=str)
    return list(entries)
