/* scenario: worked cases as text that a policy owner reads and writes, run on the real engine.
 *
 * A scenario file is read line by line; `#` at the start of a word starts a comment. Its lines are
 *
 *   include FILE              lines of another file; FILE is relative to the file that names it
 *   let NAME = WORDS...       $NAME stands for the words from here on
 *   scenario TITLE            starts a scenario, with a log of its own
 *   policy default|FILE [FIELD=VALUE...]   the first policy version, that of the configuration if
 *                             nothing is said; FIELD is a path such as breaker.apply_max
 *   start 2026-03-01T09:00:00Z    t, the time that +5d counts from
 *   partitions N              of the topics (default: that of the configuration)
 *   complete TYPE...          an output of these types that nobody expects is a failure; it always
 *                             is for restriction and dead-letter
 *   at +5d3h                  a step: events at this time, one a line
 *   given +5d                 the same, and nobody looks at what comes of it
 *   expect [+6d]              what came since the last look, one expectation a line; with a time it
 *                             is a step without events, so that due timers fire
 *
 * policy, start, partitions and complete before the first scenario hold for the whole file.
 *
 * An event is `TYPE SUBJECT WORDS...`. TYPE is an input record in lower case with dashes (report,
 * verdict, chat-event, identity-proof, ...), or confirm or dismiss (verdicts); SUBJECT is USER:u1
 * or the like. A word FIELD=VALUE fills a field by its schema name; a symbol alone fills the first
 * free field that knows it. A left-out field has its usual value: a report is by a NON_FRIEND of
 * its own, about a PERSON's act at the time of the report, in good faith. Besides fields there are
 *
 *   as=NAME                   the event's id
 *   by=ID                     the reporter
 *   label=950, label=SPAM_AD:950    a label of the claimed or another category
 *   of=NAME                   a verdict on the case of report NAME, with its category and area
 *
 * `publish default|FILE [FIELD=VALUE...]` is an event too: a further policy version. Times are
 * +5d3h or ISO, lists and sets A,B; a field of 32 bytes takes any word and hashes it. A line may
 * start with +1h, later than its step, or -1h, a late record; the events of a step are in order of
 * time.
 *
 * `repeat 1..9 [every 1h] LINE` is the line nine times with # as the number.
 *
 * An expectation is `TYPE SUBJECT WORDS...` with an output record (restriction, standing, notice,
 * review-request, audit, signal, ...; outcome is the signal REPORT_OUTCOME). FIELD may be a path:
 * restrictions.count, restrictions[0].stage, params.MEASURE, payload.act_at; the sign may be != <=
 * >= too; null alone is a tombstone; as=NAME names the record that fits. Before TYPE may stand
 *
 *   no                        nothing like this came
 *   only                      of this type and subject nothing came but what is expected
 *   now                       the last record of this type and subject, whenever it came
 *
 * A value @NAME.FIELD is a field of a named event or output, @NAME.case the case of a report.
 *
 * At each look it is checked besides that standings equal what restrictions put in force, that each
 * decision has one audit record and at most one restriction, and that nothing is written twice.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SCENARIO_SCENARIO_H
#define SCENARIO_SCENARIO_H

#include "base/problems.h"
#include "config/config.h"
#include "notice/catalogue.h"
#include "schema/codec.h"
#include "topology/topology.h"

#include <stdatomic.h>

/* The scenarios of some files. */
struct scenario_set;

/* `codec` is borrowed and must know all record types. */
struct scenario_set *scenario_set_new(const struct codec *codec);
void scenario_set_free(struct scenario_set *set);
DEFINE_CLEANUP(scenario_set)

/* Reads one file. False: every problem was added with file and line. */
bool scenario_read(struct scenario_set *set, const char *path, struct problems *problems);

size_t scenario_count(const struct scenario_set *set);
/* Borrowed. */
const char *scenario_title(const struct scenario_set *set, size_t index);
const char *scenario_file(const struct scenario_set *set, size_t index, size_t *line_out);

/* What scenarios run on; all borrowed. */
struct scenario_environment {
    const struct config *config;
    const struct codec *codec;
    const struct catalogue *catalogue;
    const struct topology *topologies;
    size_t topology_count;
    const atomic_bool *stop;
};

/* Runs one scenario on a log in memory of its own. Whatever is not as expected is added to
 * `failures`, also an engine that stops. */
void scenario_run(const struct scenario_set *set, size_t index,
                  const struct scenario_environment *environment, struct problems *failures);

#endif
