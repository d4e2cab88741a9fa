"""What runs met, summed up over as many runs as wished: a file with one line of JSON a run.

SPDX-License-Identifier: Apache-2.0
"""

import collections
import json


def add(path, seed, met, looked, found):
    """A run that came to its end: its seed, how often each fault was met, what the checker looked at and found."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps({"seed": seed, "met": met, "looked": looked, "found": found}) + "\n")


def told(path):
    """The sum in lines of text, and whether nothing was found."""
    with open(path, encoding="utf-8") as file:
        runs = [json.loads(line) for line in file]
    met, looked = collections.Counter(), collections.Counter()
    for run in runs:
        met.update(run["met"])
        looked.update(run["looked"])
    found = sum(run["found"] for run in runs)
    return ["sum of %d runs, seeds %s" % (len(runs), " ".join(str(run["seed"]) for run in runs)),
            "faults: " + ", ".join("%d %s" % (number, name) for name, number in sorted(met.items())),
            "%d findings; looked at %s" % (found, ", ".join(
                "%d %s" % (number, name) for name, number in looked.items()))], found == 0
