# SPDX-License-Identifier: Apache-2.0
"""Reads the policy file for the interpreter: the little YAML that it uses, durations in ms."""

import functools
import re

UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


@functools.lru_cache
def load(path):
    """The policy of a file, which nobody changes."""
    with open(path, encoding="utf-8") as file:
        return parse(file.read())


def parse(text):
    lines = [cut_comment(line) for line in text.split("\n")]
    lines = [(len(line) - len(line.lstrip()), line.strip()) for line in lines if line.strip()]
    value, rest = block(lines, 0)
    assert rest == len(lines), lines[rest]
    return value


def cut_comment(line):
    return re.sub(r"(^|\s)#.*$", "", line)


def block(lines, at):
    """The mapping or list that starts at line `at`, and the line after it."""
    depth = lines[at][0]
    if lines[at][1].startswith("- "):
        items = []
        while at < len(lines) and lines[at][0] == depth and lines[at][1].startswith("- "):
            items.append(flow(lines[at][1][2:]))
            at += 1
        return items, at
    mapping = {}
    while at < len(lines) and lines[at][0] == depth:
        key, _, text = lines[at][1].partition(":")
        text = text.strip()
        at += 1
        if text:
            mapping[key] = flow(text)
        elif at < len(lines) and lines[at][0] > depth:
            mapping[key], at = block(lines, at)
        else:
            mapping[key] = None
    return mapping, at


def flow(text):
    value, rest = flow_value(text.strip())
    assert not rest.strip(), text
    return value


def flow_value(text):
    if text[0] == "{":
        mapping, text = {}, text[1:].lstrip()
        while text[0] != "}":
            key, _, text = text.partition(":")
            mapping[key.strip()], text = flow_value(text.lstrip())
            text = text.lstrip().lstrip(",").lstrip()
        return mapping, text[1:]
    if text[0] == "[":
        items, text = [], text[1:].lstrip()
        while text[0] != "]":
            item, text = flow_value(text)
            items.append(item)
            text = text.lstrip().lstrip(",").lstrip()
        return items, text[1:]
    word = re.match(r"[^,\]}]+", text).group(0)
    return scalar(word.strip()), text[len(word):]


def scalar(word):
    if re.fullmatch(r"-?\d+", word):
        return int(word)
    if re.fullmatch(r"\d+[smhd]", word):
        return int(word[:-1]) * UNITS_MS[word[-1]]
    return {"true": True, "false": False}.get(word, word)


def scopes(policy, name):
    """The scopes of a named set, sets in it opened."""
    found = set()
    for item in policy["scope_sets"][name]:
        found |= scopes(policy, item) if item in policy["scope_sets"] else {item}
    return found
