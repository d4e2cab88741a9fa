#!/usr/bin/env python3
"""Whether every rule of the operation policy is held by a test: table.txt, and the proof by mutants.

    rules.py --check BUILD            the table is whole: each rule once, with tests that there are
    rules.py --texts BUILD            and every text that a mutant changes still stands once
    rules.py --mutants BUILD [RULE]   takes each rule out, in a copy of the sources under BUILD/rules; one
                                      of the tests named for it must then fail

A mutant counts as found only if a test says that something differs: one that does not compile, is no
valid policy, crashes or hangs proves nothing and is reported as such.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TABLE = pathlib.Path(__file__).resolve().parent / "table.txt"
RULES = 112
POLICY = "config/policies/default.yaml"
COPIED = ("CMakeLists.txt", "cmake", "config", "schemas", "src", "tests", "tools", "topologies",
          "README.md", "ARCHITECTURE.md", "LICENSE")
PATIENCE = 300  # seconds for one test: a mutant may not end


class Mutant:
    """One way to take a rule out: values of the policy file, or texts of source files."""

    def __init__(self, line):
        self.line = line
        self.values = []  # (path, value) in POLICY
        self.changes = []  # [file, old, new]

    def problems(self, root):
        try:
            self.texts(root)
        except ValueError as error:
            return [str(error)]
        return []

    def texts(self, root):
        """{file: its text as the mutant has it}"""
        texts = {}
        for file, old, new in self.changes:
            text = texts.get(file) or read(root, file)
            texts[file] = replace(text, old, new, file)
        if self.values:
            texts[POLICY] = edit(texts.get(POLICY) or read(root, POLICY), self.values)
        return texts


class Rule:
    def __init__(self, number, remit, title, line):
        self.number, self.remit, self.title, self.line = number, remit, title, line
        self.scenarios, self.tests, self.mutants = [], [], []


def read(root, file):
    path = root / file
    if not path.is_file():
        raise ValueError("no file '%s'" % file)
    return path.read_text(encoding="utf-8")


def replace(text, old, new, file):
    """`old`, in which any space stands for any spaces and line ends, becomes `new`; it stands there once."""
    pattern = r"\s+".join(re.escape(word) for word in old.split())
    count = len(re.findall(pattern, text))
    if count != 1:
        raise ValueError("stands %d times in %s, not once: %s" % (count, file, old))
    return re.sub(pattern, lambda _: new, text)


def edit(text, values):
    """Values that stand on lines of their own, named by the keys above them."""
    wanted = dict(values)
    outline, lines = [], []
    for line in text.split("\n"):
        match = re.match(r"( *)([A-Za-z0-9_.-]+):( |$)", line)
        if match:
            while outline and outline[-1][0] >= len(match.group(1)):
                outline.pop()
            outline.append((len(match.group(1)), match.group(2)))
            path = ".".join(key for _, key in outline)
            if path in wanted:
                line = "%s%s: %s" % (match.group(1), match.group(2), wanted.pop(path))
        lines.append(line)
    if wanted:
        raise ValueError("no line of its own in %s: %s" % (POLICY, ", ".join(wanted)))
    return "\n".join(lines)


def parse(path):
    """The rules of a table and what is wrong with its form."""
    rules, problems = [], []
    rule = mutant = None
    for number, raw in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        try:
            if word in ("rule", "part", "open", "outside"):
                digits, _, title = rest.partition(": ")
                rule, mutant = Rule(int(digits), word, title, number), None
                rules.append(rule)
            elif word == "scenario":
                rule.scenarios += rest.split()
            elif word == "test":
                rule.tests += rest.split()
            elif word == "policy":
                mutant = Mutant(number)
                mutant.values = [tuple(pair.split("=", 1)) for pair in rest.split()]
                rule.mutants.append(mutant)
            elif word == "change":
                mutant = Mutant(number)
                mutant.changes.append([rest, None, ""])
                rule.mutants.append(mutant)
            elif word == "also":
                mutant.changes.append([rest, None, ""])
            elif word == "-":
                mutant.changes[-1][1] = rest
            elif word == "+":
                mutant.changes[-1][2] = rest
            else:
                raise ValueError("'%s' is no word of this table" % word)
        except (ValueError, AttributeError, IndexError) as error:
            problems.append("line %d: %s" % (number, error))
    return rules, problems


def check(rules, problems, known_tests, texts):
    """Adds what is missing: every number once, and for each rule of the engine tests and a mutant."""
    numbers = [rule.number for rule in rules]
    for number in range(1, RULES + 1):
        if numbers.count(number) != 1:
            problems.append("rule %d stands %d times in the table" % (number, numbers.count(number)))
    for rule in rules:
        where = "line %d: rule %d" % (rule.line, rule.number)
        if not rule.title:
            problems.append("%s: says nothing" % where)
        if rule.remit == "rule" and not (rule.mutants and (rule.scenarios or rule.tests)):
            problems.append("%s: needs a test and a mutant" % where)
        if rule.remit == "outside" and (rule.mutants or rule.scenarios or rule.tests):
            problems.append("%s: is outside and has tests" % where)
        for name in rule.scenarios:
            if "scenario_" + name not in known_tests:
                problems.append("%s: no scenario '%s'" % (where, name))
        for name in rule.tests:
            if name not in known_tests:
                problems.append("%s: no test '%s'" % (where, name))
        for mutant in rule.mutants if texts else []:
            problems += ["line %d: rule %d: %s" % (mutant.line, rule.number, text)
                         for text in mutant.problems(ROOT)]
    return problems


def tests_of(build):
    shown = subprocess.run(["ctest", "--test-dir", str(build), "--show-only=json-v1"], check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    return {test["name"] for test in json.loads(shown)["tests"]}


class Bench:
    """A copy of the sources, built without optimisation, in which one mutant at a time lives."""

    def __init__(self, build):
        self.tree = build / "rules" / "tree"
        self.build = build / "rules" / "build"

    def copy(self):
        """Only what differs is written, so that a second run builds little."""
        wanted = set()
        for name in COPIED:
            source = ROOT / name
            files = [source] if source.is_file() else [
                pathlib.Path(folder) / file for folder, _, names in os.walk(source) for file in names]
            for file in files:
                place = self.tree / file.relative_to(ROOT)
                wanted.add(place)
                if not place.exists() or place.read_bytes() != file.read_bytes():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, place)
                    shutil.copymode(file, place)
        for folder, _, names in os.walk(self.tree):
            for name in names:
                if pathlib.Path(folder) / name not in wanted:
                    (pathlib.Path(folder) / name).unlink()

    def configure(self):
        words = ["cmake", "-S", self.tree, "-B", self.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=None",
                 "-DCMAKE_C_FLAGS=-O0 -w"]
        if shutil.which("ccache"):
            words.append("-DCMAKE_C_COMPILER_LAUNCHER=ccache")
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)

    def make(self, rule):
        """What went wrong with the build; "": nothing."""
        blackbox = any(name.startswith("blackbox_") for name in rule.tests)
        targets = ["sanctionctl"] + ["sanctiond"] * blackbox + [
            name for name in rule.tests if name.startswith(("unit_", "property_"))]
        done = subprocess.run(["cmake", "--build", self.build, "--target"] + targets,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return "" if done.returncode == 0 else done.stdout[-2000:]

    def run(self, words):
        try:
            done = subprocess.run(words, cwd=self.tree, timeout=PATIENCE, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, errors="replace")
        except subprocess.TimeoutExpired:
            return None, "hung"
        return done.returncode, done.stdout

    def scenario(self, name):
        """passed, failed, or another word if the test proves nothing; and what it printed."""
        code, text = self.run([self.build / "bin" / "sanctionctl", "policy", "test",
                               "tests/scenario/%s.scenario" % name])
        if code in (0, 1) and re.search(r"^\d+ passed, \d+ failed$", text, re.M):
            return ("passed", "failed")[code], text
        return "hung" if code is None else "broken", text

    def test(self, name):
        code, text = self.run(["ctest", "--test-dir", str(self.build), "-R", "^%s$" % re.escape(name),
                               "--output-on-failure", "--no-tests=error", "--timeout", str(PATIENCE)])
        if code == 0 and "***Skipped" not in text:
            return "passed", text
        return "failed" if "***Failed" in text else "broken", text

    def judge(self, rule):
        """The words of all tests of a rule, as far as the first that failed."""
        found = []
        for name, run in ([(name, self.scenario) for name in rule.scenarios] +
                          [(name, self.test) for name in rule.tests]):
            word, text = run(name)
            found.append((name, word, text))
            if word == "failed":
                break
        return found

    def put(self, texts):
        for file, text in texts.items():
            (self.tree / file).write_text(text, encoding="utf-8")

    def live(self, rule, mutant):
        """Whether the mutant is found, and a line about it."""
        texts = mutant.texts(self.tree)
        before = {file: (self.tree / file).read_text(encoding="utf-8") for file in texts}
        self.put(texts)
        try:
            trouble = self.make(rule)
            if trouble:
                return False, "does not build:\n" + trouble
            if POLICY in texts:
                code, text = self.run([self.build / "bin" / "sanctionctl", "policy", "check", POLICY])
                if code != 0:
                    return False, "is no policy:\n" + text
            found = self.judge(rule)
            name, word, text = found[-1]
            if word == "failed":
                return True, name
            return False, "SURVIVED: " + ", ".join("%s %s" % pair[:2] for pair in found)
        finally:
            self.put(before)


def mutants(rules, build, chosen):
    bench = Bench(build)
    bench.copy()
    bench.configure()
    rules = [rule for rule in rules if rule.mutants and (not chosen or rule.number in chosen)]
    failures = found = 0
    for rule in rules:
        trouble = bench.make(rule)
        if trouble:
            print("rule %d: the sources do not build:\n%s" % (rule.number, trouble))
            return 1
        whole = [(name, word, text) for name, word, text in bench.judge(rule) if word != "passed"]
        for name, word, text in whole:
            print("rule %d: %s %s without any mutant:\n%s" % (rule.number, name, word, text[-1500:]))
            failures += 1
        for mutant in [] if whole else rule.mutants:
            start = time.monotonic()
            good, text = bench.live(rule, mutant)
            print("rule %d, line %d: %s%s (%.1f s)" % (rule.number, mutant.line,
                                                      "found by " if good else "", text,
                                                      time.monotonic() - start), flush=True)
            found += good
            failures += not good
    print("%d mutants found, %d failures" % (found, failures))
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--texts", action="store_true")
    parser.add_argument("--mutants", action="store_true")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("rules", nargs="*", type=int)
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    rules, problems = parse(TABLE)
    check(rules, problems, tests_of(build), arguments.texts or arguments.mutants)
    for problem in problems:
        print("tests/rules/table.txt: %s" % problem)
    if problems:
        print("A mutant whose text is gone is to be written anew for the code as it is now.")
        return 1
    if arguments.mutants:
        return mutants(rules, build, set(arguments.rules))
    counts = [sum(rule.remit == remit for rule in rules) for remit in ("rule", "part", "open", "outside")]
    print("%d rules with %d mutants, %d in part, %d open, %d outside" % (
        counts[0], sum(len(rule.mutants) for rule in rules), *counts[1:]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
