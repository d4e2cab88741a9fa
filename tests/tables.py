"""Every test that README.md beside this file names is there, and every fault of the simulation that it names.

    tables.py TEST...   the names of all tests of the build

SPDX-License-Identifier: Apache-2.0
"""

import glob
import os
import re
import sys

HERE = os.path.dirname(os.path.realpath(__file__))


def read(*parts):
    with open(os.path.join(HERE, *parts), encoding="utf-8") as file:
        return file.read()


def main():
    named = read("README.md")
    text = "".join(read(path) for kind in ("c", "py")
                   for path in glob.glob(os.path.join(HERE, "**", "*." + kind), recursive=True))
    functions = {one or other for one, other in
                 re.findall(r"\bdef (\w+)\(|^static void (\w+)\(", text, re.MULTILINE)}
    functions |= set(re.findall(r'\[PLANTED_\w+\] = "(\w+)"', read("planted", "planted.c")))
    faults = set(re.findall(r'\[FAULT_\w+\] = "(\w+)"', read("property", "simulation", "world.c")))
    tests = set(sys.argv[1:])
    missing = [name for name, _ in re.findall(r"`(\w+)(?:: (\w+))?`", named)
               if "_" in name and name not in tests]
    missing += [case for _, case in re.findall(r"`(\w+): (\w+)`", named) if case not in functions]
    missing += [fault for fault in re.findall(r"\*(\w+)\*", named) if fault not in faults]
    for name in missing:
        print("tests/README.md: there is no '%s'" % name)
    print("%d names are there" % len(re.findall(r"`\w+: \w+`|\*\w+\*", named)))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
