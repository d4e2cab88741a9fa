/* What every cluster must do, whatever is behind it: the same tests run against the in-process log
 * and against a real Kafka cluster.
 *
 * A test makes its own topics and groups, named after `prefix`; give every run another prefix where
 * the cluster outlives it. Failures are cmocka failures: run the tests inside cmocka tests.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include "stream/stream.h"

struct conformance_target {
    /* Opens a connection; each test opens at least one and closes it. */
    struct cluster *(*open)(void *context);
    void *context;
    const char *prefix;
    int patience_ms; /* how long something that must come may take */
    int quiet_ms;    /* how long to wait before believing that nothing comes */
};

struct conformance_test {
    const char *name; /* the behaviour */
    void (*run)(const struct conformance_target *target);
};

extern const struct conformance_test conformance_tests[];
extern const size_t conformance_test_count;

/* All of them, one after the other, as one cmocka test. */
void conformance_run(const struct conformance_target *target);

#endif
