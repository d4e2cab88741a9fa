#!/usr/bin/env python3
"""How often `sanctionctl fingerprint` finds a changed message again, and how often two strangers match.

    fingerprint.py SANCTIONCTL [--key-count N] [--seed-count N]

Each of the messages of tests/data/messages/ is changed as senders change what they repeat, under several seeds
and keys; a change is found if 8 (or 12) of the 16 values stay equal. Strangers are all pairs of different
messages, short ones all pairs of halves of different messages, under several keys. The same seeds make the same
changes, so the figures are the same on every machine.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import itertools
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MESSAGES = ROOT / "tests" / "data" / "messages" / "ko.txt"
THRESHOLDS = (8, 12)
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
# What is written for a vowel by ear or for fun.
RESPELLED = {"ㅐ": "ㅔ", "ㅔ": "ㅐ", "ㅒ": "ㅖ", "ㅖ": "ㅔ", "ㅙ": "ㅚ", "ㅚ": "ㅙ", "ㅞ": "ㅙ", "ㅛ": "ㅕ",
             "ㅕ": "ㅛ", "ㅗ": "ㅜ", "ㅡ": "ㅜ", "ㅢ": "ㅣ", "ㅏ": "ㅑ", "ㅓ": "ㅕ", "ㅘ": "ㅏ", "ㅝ": "ㅓ",
             "ㅜ": "ㅠ", "ㅠ": "ㅜ", "ㅑ": "ㅏ", "ㅟ": "ㅣ", "ㅣ": "ㅟ"}
PARTICLES = {"은": "이", "는": "가", "이": "은", "가": "는", "을": "은", "를": "는", "에": "에는", "도": "은",
             "로": "로는", "의": "", "와": "랑", "과": "이랑", "만": "만은"}
# Endings of sentences, said otherwise.
ENDINGS = [("해 드립니다", "해드려요"), ("드립니다", "드려요"), ("합니다", "해요"), ("습니다", "어요"), ("입니다", "이에요"),
           ("주세요", "주십시오"), ("하세요", "하십시오"), ("있어요", "있습니다"), ("해요", "합니다"), ("드려요", "드립니다"),
           ("됩니다", "돼요"), ("할게요", "하겠습니다")]
EMOJI = ["😀", "🔥", "💰", "👍🏻", "✨", "❤️", "👉", "ㅋㅋㅋ", "ㅎㅎ", "ㅠㅠ", "!!!", "~~", "★"]
GREETINGS = ["안녕하세요 회원님 ", "반갑습니다 ", "좋은 아침입니다 ", "[공지] ", "실례합니다 저기요 "]
# By look: a jamo apart or beside a Latin letter, a Cyrillic or full-width letter, a letter for a digit.
VOWEL_LOOKS = {"ㅏ": "r", "ㅣ": "l", "ㅐ": "H", "ㅜ": "T", "ㅡ": "_"}
LETTER_LOOKS = {"a": "а", "e": "е", "o": "о", "p": "р", "c": "с", "x": "х", "0": "O", "1": "l"}
INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"


def is_syllable(letter):
    return "가" <= letter <= "힣"


def apart(letter):
    """Initial, vowel, final of a syllable; as numbers."""
    place = ord(letter) - 0xAC00
    return place // 588, place // 28 % 21, place % 28


def together(initial, vowel, final):
    return chr(0xAC00 + initial * 588 + vowel * 28 + final)


def spacing(text, dice, others):
    bare = text.replace(" ", "")
    return "".join(letter + (" " if dice.random() < 0.25 else "") for letter in bare)


def no_spaces(text, dice, others):
    return text.replace(" ", "")


def emoji(text, dice, others):
    return " ".join(word + (dice.choice(EMOJI) if dice.random() < 0.4 else "") for word in text.split())


def punctuation(text, dice, others):
    return "".join(letter + dice.choice(["", "", "", ".", "*", "/", "-"]) for letter in text)


def particles(text, dice, others):
    return " ".join(word[:-1] + PARTICLES[word[-1]] if len(word) > 1 and word[-1] in PARTICLES else word
                    for word in text.split())


def endings(text, dice, others):
    for old, new in ENDINGS:
        if old in text:
            return text.replace(old, new)
    return None


def vowels(text, dice, others):
    """A tenth of the vowels as they sound."""
    def respell(letter):
        if not is_syllable(letter) or dice.random() >= 0.1:
            return letter
        initial, vowel, final = apart(letter)
        return together(initial, VOWELS.index(RESPELLED[VOWELS[vowel]]), final)
    return "".join(map(respell, text))


def numbers(text, dice, others):
    if not re.search(r"\d", text):
        return None
    return re.sub(r"\d+", lambda _: str(dice.randrange(1, 10000)), text)


def look_alikes(text, dice, others):
    """A fifth of what can be written with another sign is."""
    def look(letter):
        if dice.random() >= 0.2:
            return letter
        if is_syllable(letter):
            initial, vowel, final = apart(letter)
            if final == 0 and VOWELS[vowel] in VOWEL_LOOKS and INITIALS[initial] != "ㅇ":
                return INITIALS[initial] + VOWEL_LOOKS[VOWELS[vowel]]
            return unicodedata.normalize("NFD", letter)
        return LETTER_LOOKS.get(letter, letter)
    return "".join(map(look, text))


def jamo_apart(text, dice, others):
    """A fifth of the open syllables as two letters."""
    def split(letter):
        if not is_syllable(letter) or dice.random() >= 0.2:
            return letter
        initial, vowel, final = apart(letter)
        return letter if final else INITIALS[initial] + VOWELS[vowel]
    return "".join(map(split, text))


def words(count):
    def replace(text, dice, others):
        parts = text.split()
        for place in dice.sample(range(len(parts)), count):
            parts[place] = dice.choice(dice.choice(others).split())
        return " ".join(parts)
    return replace


def greeting(text, dice, others):
    return dice.choice(GREETINGS) + text


def halves(text, dice, others):
    parts = text.split()
    middle = len(parts) // 2
    return " ".join(parts[middle:] + parts[:middle])


CHANGES = [("other spaces", spacing), ("no spaces", no_spaces), ("emoji and laughter", emoji),
           ("punctuation between letters", punctuation), ("other numbers", numbers),
           ("look-alike letters", look_alikes), ("syllables taken apart", jamo_apart),
           ("particles changed", particles), ("a tenth of the vowels respelled", vowels),
           ("endings of sentences changed", endings), ("a greeting in front", greeting), ("halves swapped", halves),
           ("one word replaced", words(1)), ("two words replaced", words(2)),
           ("three words replaced", words(3))]


def sketches(program, key, texts):
    """The values of each text, as the program prints them."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(key)
        file.flush()
        done = subprocess.run([program, "fingerprint", file.name, "--lines"], check=True, text=True,
                              input="".join(text + "\n" for text in texts), stdout=subprocess.PIPE)
    lines = done.stdout.split()
    if len(lines) != len(texts) or "null" in lines:
        raise RuntimeError("%d sketches of %d texts" % (len(lines), len(texts)))
    return [[line[i:i + 4] for i in range(0, len(line), 4)] for line in lines]


def equal(left, right):
    return sum(a == b for a, b in zip(left, right))


def halved(texts):
    """(number of the message, half)"""
    for number, text in enumerate(texts):
        parts = text.split()
        yield number, " ".join(parts[:len(parts) // 2])
        yield number, " ".join(parts[len(parts) // 2:])


def strangers(program, texts, key_count):
    """How many pairs of (number, text) of different numbers there are, and how many match."""
    pairs, hits = 0, dict.fromkeys(THRESHOLDS, 0)
    for number in range(key_count):
        made = sketches(program, bytes([number + 1]) * 32, [text for _, text in texts])
        for (left, (first, _)), (right, (second, _)) in itertools.combinations(enumerate(texts), 2):
            if first != second:
                pairs += 1
                same = equal(made[left], made[right])
                for limit in THRESHOLDS:
                    hits[limit] += same >= limit
    return pairs, hits


def found_again(program, texts, seed):
    """Name of each change -> equal values of each message that it changes."""
    base = sketches(program, bytes([seed]) * 32, texts)
    for name, change in CHANGES:
        dice = random.Random("%d %s" % (seed, name))
        changed = [(i, change(text, dice, texts[:i] + texts[i + 1:])) for i, text in enumerate(texts)]
        changed = [(i, text) for i, text in changed if text is not None and text != texts[i]]
        made = sketches(program, bytes([seed]) * 32, [text for _, text in changed])
        yield name, [equal(base[i], sketch) for (i, _), sketch in zip(changed, made)]


def measure(program, key_count=20, seed_count=10):
    """[(what, how many, {threshold: share or count found})]"""
    texts = MESSAGES.read_text(encoding="utf-8").splitlines()
    found = {name: [] for name, _ in CHANGES}
    for seed in range(1, seed_count + 1):
        for name, counts in found_again(program, texts, seed):
            found[name] += counts
    rows = [(name, len(counts), {limit: sum(count >= limit for count in counts) / len(counts)
                                 for limit in THRESHOLDS}) for name, counts in found.items()]
    rows.append(("strangers", *strangers(program, list(enumerate(texts)), key_count)))
    rows.append(("short strangers", *strangers(program, list(halved(texts)), key_count)))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("program")
    parser.add_argument("--key-count", type=int, default=20)
    parser.add_argument("--seed-count", type=int, default=10)
    arguments = parser.parse_args()
    for name, count, found in measure(arguments.program, arguments.key_count, arguments.seed_count):
        form = "%g of 16: %d" if "strangers" in name else "%g of 16: %.3f"
        print("%-34s %6d  %s" % (name, count, "  ".join(form % pair for pair in found.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
