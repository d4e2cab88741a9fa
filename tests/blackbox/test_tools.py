"""The scripts of tools/ that other people's conclusions rest on: the last line of tools/test.

SPDX-License-Identifier: Apache-2.0
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

from programs import ROOT

SUMMARY = ROOT / "tools" / "test.d" / "summary.py"
PASSED = '<testcase name="a" status="run"/>'
FAILED = '<testcase name="b" status="fail"><failure message=""/></testcase>'
SKIPPED = '<testcase name="c" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>'
ABSENT = ('<testcase name="d" status="notrun"><skipped message="Unable to find executable"/>'
          '</testcase>')
DISABLED = '<testcase name="e" status="disabled"/>'


class Summary(unittest.TestCase):

    def sum_up(self, **files):
        with tempfile.TemporaryDirectory() as folder:
            for name, cases in files.items():
                text = cases if isinstance(cases, str) else "<testsuite>%s</testsuite>" % "".join(cases)
                (pathlib.Path(folder) / (name + ".xml")).write_text(text, encoding="utf-8")
            done = subprocess.run([sys.executable, "-B", str(SUMMARY), folder], text=True,
                                  capture_output=True, check=False)
        return done.returncode, done.stdout.splitlines()[-1]

    def test_passed_failed_and_skipped_are_counted_over_all_files(self):
        self.assertEqual(self.sum_up(one=[PASSED, PASSED, SKIPPED], two=[PASSED, FAILED, DISABLED]),
                         (1, "3 passed, 1 failed, 2 skipped"))

    def test_nothing_failed_is_success(self):
        self.assertEqual(self.sum_up(one=[PASSED, SKIPPED]), (0, "1 passed, 0 failed, 1 skipped"))

    def test_a_test_whose_program_is_missing_failed(self):
        self.assertEqual(self.sum_up(one=[PASSED, ABSENT]), (1, "1 passed, 1 failed, 0 skipped"))

    def test_missing_or_torn_results_are_a_failure(self):
        self.assertEqual(self.sum_up(), (1, "0 passed, 1 failed, 0 skipped"))
        self.assertEqual(self.sum_up(one=[PASSED], two="<testsuite><testc"),
                         (1, "1 passed, 1 failed, 0 skipped"))


if __name__ == "__main__":
    unittest.main()
