"""Bad command lines, configurations, policies and topologies: exit 2, every problem named, nothing done.

SPDX-License-Identifier: Apache-2.0
"""

import unittest

from programs import ROOT, ProgramTest, run


class CommandLine(ProgramTest):

    def refused(self, ended, *needed):
        self.assertEqual(ended.code, 2, ended)
        for text in needed:
            self.assertIn(text, ended.err)
        self.assertEqual(list(self.folder.glob("data*")), [], "something was done")

    def test_no_subcommand_is_refused_with_usage(self):
        for program in ("sanctiond", "sanctionctl"):
            self.refused(run(program), "usage: " + program)

    def test_unknown_subcommands_are_refused(self):
        self.refused(run("sanctiond", "ruin"), "ruin")
        self.refused(run("sanctionctl", "topics", "destroy"), "destroy")
        self.refused(run("sanctionctl", "frobnicate"), "frobnicate")

    def test_help_and_version_go_to_standard_output(self):
        for words in (["--help"], ["--version"], ["--print-config"]):
            ended = self.good(run("sanctiond", *words))
            self.assertNotEqual(ended.out, "", words)
        self.assertIn("standing", self.good(run("sanctionctl", "--help")).out)

    def test_every_unknown_option_and_setting_is_named_at_once(self):
        self.refused(self.engine("data", sets=["no.such=1", "threads=many", "commit.interval=0ms"],
                                 more=["--frob", "--nicate"]),
                     "no.such", "threads", "commit.interval", "--frob", "--nicate")

    def test_an_option_without_its_argument_is_refused(self):
        self.refused(run("sanctiond", "run", "--embedded"), "--embedded")
        self.refused(run("sanctiond", "run", "--embedded", self.folder / "data", "--input"),
                     "--input")

    def test_without_broker_and_directory_it_says_what_to_do(self):
        self.refused(run("sanctiond", "run"), "--embedded")
        self.refused(run("sanctionctl", "tail", "restrictions"), "--embedded")

    def test_embedded_options_are_refused_on_kafka(self):
        config = self.file("kafka.yaml", ["kafka:", "  bootstrap.servers: 127.0.0.1:1"])
        self.refused(run("sanctiond", "run", "--config", config, "--drain"), "--embedded")

    def test_properties_that_librdkafka_refuses_are_named_with_their_lines(self):
        config = self.file("kafka.yaml", ["kafka:", "  bootstrap.servers: 127.0.0.1:1",
                                          "  nonsense.key: 1", "  linger.ms: banana"])
        for words in (("sanctiond", "run"), ("sanctionctl", "topics", "check")):
            self.refused(run(*words, "--config", config, "--set", "kafka.no.such=1"),
                         "kafka.yaml:3:", "'nonsense.key'", "kafka.yaml:4:", "'linger.ms'",
                         "--set: ", "'no.such'", "3 problems")

    def test_what_exactly_once_stands_on_cannot_be_set(self):
        config = self.file("kafka.yaml", ["kafka:", "  bootstrap.servers: 127.0.0.1:1", "  acks: 1"])
        self.refused(run("sanctiond", "run", "--config", config), "kafka.yaml:3:", "'acks'")

    def test_a_missing_configuration_file_is_named(self):
        self.refused(self.engine("data", more=["--config", self.folder / "absent.yaml"]),
                     "absent.yaml")

    def test_every_bad_line_of_a_configuration_is_named(self):
        config = self.file("bad.yaml", ["threads: 0", "topics:", "  partitions: -4", "nonsense: 1"])
        self.refused(self.engine("data", more=["--config", config]),
                     "bad.yaml:1:", "bad.yaml:3:", "bad.yaml:4:")

    def test_a_missing_input_file_is_named(self):
        ended = self.engine("data", more=["--input", self.folder / "absent.jsonl"])
        self.assertEqual(ended.code, 2, ended)
        self.assertIn("absent.jsonl", ended.err)


class PolicyFiles(ProgramTest):

    def default_policy(self):
        return (ROOT / "config/policies/default.yaml").read_text(encoding="utf-8")

    def write(self, text):
        path = self.folder / "policy.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    def test_the_shipped_policy_is_good(self):
        self.good(run("sanctionctl", "policy", "check", ROOT / "config/policies/default.yaml"))

    def test_every_broken_sentence_is_named_with_its_line(self):
        text = self.default_policy().replace("version: 1", "version: one", 1)
        text = text.replace("CREATE_ROOM, JOIN, SEARCH_EXPOSURE", "WITHDRAW, JOIN, FLYING", 1)
        self.assertNotEqual(text, self.default_policy())
        ended = run("sanctionctl", "policy", "check", self.write(text))
        self.assertEqual(ended.code, 2, ended)
        lines = text.splitlines()
        for broken in ("version: one", "FLYING"):
            number = next(i for i, line in enumerate(lines, 1) if broken in line)
            self.assertIn("policy.yaml:%d:" % number, ended.err + ended.out)

    def test_an_unknown_key_of_a_policy_is_named_with_its_line(self):
        text = self.default_policy().replace("version: 1", "version: 1\nversoin: 2", 1)
        path = self.write(text)
        number = text.splitlines().index("versoin: 2") + 1
        for ended in (run("sanctionctl", "policy", "check", path),
                      self.engine("data", sets=["policy.files=%s" % path])):
            self.assertEqual(ended.code, 2, ended)
            self.assertIn("policy.yaml:%d: key 'versoin' is not known, did you mean 'version'" % number,
                          ended.err)

    def test_a_later_version_with_short_notice_is_refused(self):
        text = self.default_policy().replace("version: 1", "version: 2", 1)
        text = text.replace("genesis: true", "genesis: false", 1)
        text = text.replace("announced_at: 2000-01-01", "announced_at: 2026-03-01", 1)
        text = text.replace("effective_at: 2000-01-01", "effective_at: 2026-03-07", 1)
        ended = run("sanctionctl", "policy", "check", self.write(text))
        self.assertEqual(ended.code, 2, ended)
        self.assertIn("seven", ended.err + ended.out)
        seven = text.replace("effective_at: 2026-03-07", "effective_at: 2026-03-08", 1)
        self.good(run("sanctionctl", "policy", "check", self.write(seven)))

    def test_a_run_with_a_bad_policy_does_nothing(self):
        path = self.write(self.default_policy().replace("version: 1", "version: one", 1))
        ended = self.engine("data", sets=["policy.files=%s" % path])
        self.assertEqual(ended.code, 2, ended)
        self.assertIn("policy.yaml:", ended.err)

    def test_a_missing_policy_file_is_named(self):
        ended = self.engine("data", sets=["policy.files=%s" % (self.folder / "absent.yaml")])
        self.assertEqual(ended.code, 2, ended)
        self.assertIn("absent.yaml", ended.err)


class Topologies(ProgramTest):

    def test_the_shipped_topologies_are_good(self):
        self.good(run("sanctionctl", "topology", "check", ROOT / "topologies/sanctions.yaml",
                      ROOT / "topologies/notices.yaml"))

    def test_show_draws_every_source_and_sink(self):
        out = self.good(run("sanctionctl", "topology", "show")).out
        for name in ("sanctions", "notices", "reports", "verdicts", "restrictions", "dead-letters"):
            self.assertIn(name, out)

    def test_a_broken_topology_is_refused_with_line_and_reason(self):
        text = (ROOT / "topologies/sanctions.yaml").read_text(encoding="utf-8")
        broken = text.replace("step: sanctions", "step: magic", 1).replace("[Verdict]", "[Notice]", 1)
        self.assertNotEqual(text, broken)
        path = self.folder / "broken.yaml"
        path.write_text(broken, encoding="utf-8")
        lines = broken.splitlines()
        for ended in (run("sanctionctl", "topology", "check", path),
                      self.engine("data", sets=["topologies=%s" % path])):
            self.assertEqual(ended.code, 2, ended)
            for word in ("magic", "[Notice]"):
                number = next(i for i, line in enumerate(lines, 1) if word in line)
                self.assertIn("broken.yaml:%d:" % number, ended.err)


if __name__ == "__main__":
    unittest.main()
