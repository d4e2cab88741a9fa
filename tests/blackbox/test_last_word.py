"""How a run ends: nothing half done, and a last line that says what happened.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import pathlib
import signal
import subprocess
import time
import unittest

from programs import BIN, ProgramTest, end, run
from records import DAY, START, confirmed

POLICY = pathlib.Path(__file__).resolve().parents[2] / "config" / "policies" / "default.yaml"


class LastWord(ProgramTest):

    def refused(self, ended, code):
        self.assertEqual(ended.code, code, ended)
        last = ended.err.splitlines()[-1]
        self.assertFalse(last.startswith("time="), last)
        return last

    def test_a_bad_line_leaves_an_older_output_alone(self):
        # The output was emptied before the input was looked at.
        output = self.folder / "out.jsonl"
        output.write_text("kept\n", encoding="utf-8")
        self.refused(self.engine("data", ["{"], output=output), 2)
        self.assertEqual(output.read_text(encoding="utf-8"), "kept\n")

    def test_an_output_that_cannot_be_opened_leaves_the_topics_alone(self):
        # The input went in first, so that the second try had it twice.
        self.refused(self.engine("data", confirmed(START, "USER:u1", "m1"),
                                 output=self.folder / "absent" / "out.jsonl"), 1)
        self.good(self.engine("data", confirmed(START, "USER:u1", "m1")))
        self.assertEqual(len(self.records("data", "reports")), 2)

    def test_a_full_disk_under_the_output_is_told(self):
        last = self.refused(self.engine("data", confirmed(START, "USER:u1", "m1"),
                                        output="/dev/full"), 1)
        self.assertIn("/dev/full", last)
        self.assertIn("No space left", last)
        # What is committed stays, and the rest is decided by the next run.
        self.good(self.engine("data"))
        self.assertEqual(len(self.values("data", "restrictions", op="APPLY")), 1)

    def test_problems_of_policies_and_lines_are_listed_together(self):
        broken = self.folder / "broken.yaml"
        broken.write_text(POLICY.read_text(encoding="utf-8").replace("version: 1", "version: x", 1),
                          encoding="utf-8")
        ended = self.engine("data", ["{"], sets=["policy.files=%s" % broken])
        self.refused(ended, 2)
        self.assertIn("broken.yaml:", ended.err)
        self.assertIn("input-data-0.jsonl:1:", ended.err)

    def test_a_folder_as_input_is_named(self):
        # It read as an empty file.
        ended = self.engine("data", more=["--input", self.folder])
        self.refused(ended, 2)
        self.assertIn("%s: cannot be read" % self.folder, ended.err)

    def test_options_that_stand_once_are_refused_twice(self):
        for option in ("--embedded", "--config", "--output"):
            with self.subTest(option):
                ended = run("sanctiond", "run", "--embedded", self.folder / "data",
                            option, "a", option, "b")
                self.refused(ended, 2)
                self.assertIn("%s: stands twice" % option, ended.err)
        ended = self.engine("data", more=["--input", "-", "--input", "-"])
        self.refused(ended, 2)

    def test_a_signal_while_the_input_is_read_appends_none_of_it(self):
        # Half of the input went in, and the run ended well.
        process = subprocess.Popen(
            [str(BIN / "sanctiond"), "run", "--embedded", str(self.folder / "data"), "--drain",
             "--input", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.started.append(process)
        process.stdin.write(json.dumps(confirmed(START, "USER:u1", "m1")[0]) + "\n")
        process.stdin.flush()
        deadline = time.monotonic() + 30
        while not (self.folder / "data" / "audit.key").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        self.assertEqual(end(process, signal.SIGTERM, 20), 0)
        self.good(self.engine("data"))
        self.assertEqual(self.records("data", "reports"), [])

    def test_without_brokers_a_signal_ends_the_run_in_time(self):
        process = subprocess.Popen(
            [str(BIN / "sanctiond"), "run", "--set", "kafka.bootstrap.servers=127.0.0.1:1",
             "--set", "state.dir=%s" % (self.folder / "state")],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.started.append(process)
        self.wait_for(process, "waiting")
        began = time.monotonic()
        code = end(process, signal.SIGTERM, 20)
        self.assertLess(time.monotonic() - began, 10)
        self.assertIn(code, (0, 1))

    def test_a_second_signal_says_so(self):
        process = subprocess.Popen(
            [str(BIN / "sanctiond"), "run", "--set", "kafka.bootstrap.servers=127.0.0.1:1",
             "--set", "state.dir=%s" % (self.folder / "state")],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.started.append(process)
        self.wait_for(process, "start")
        os.kill(process.pid, signal.SIGTERM)
        os.kill(process.pid, signal.SIGINT)
        code = process.wait(20)
        if code != 0:  # it may have ended before the second
            self.assertEqual(code, 1)
            self.assertIn("stopped before the drain was done", process.stderr.read().splitlines()[-1])

    def test_an_advance_into_the_past_does_nothing(self):
        lines = confirmed(START, "USER:u1", "m1")
        self.good(self.engine("data", lines + [{"advance": START - DAY}]))
        self.assertEqual([value["op"] for value in self.values("data", "restrictions")], ["APPLY"])
        self.good(self.engine("data", [{"advance": START + 2 * DAY}]))
        self.assertEqual([value["op"] for value in self.values("data", "restrictions")],
                         ["APPLY", "LIFT"])

    def test_a_policy_is_found_beside_the_input_that_names_it(self):
        place = self.folder / "inner"
        place.mkdir()
        document = POLICY.read_text(encoding="utf-8")
        (place / "first.yaml").write_text(document, encoding="utf-8")
        lines = [{"publish_policy": "first.yaml", "timestamp": START}, *confirmed(START, "USER:u1", "m1")]
        path = place / "input.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        self.good(self.engine("data", more=["--input", path], sets=["policy.files="]))
        self.assertEqual(len(self.values("data", "restrictions", op="APPLY")), 1)


if __name__ == "__main__":
    unittest.main()
