/* A real Kafka cluster does what every cluster must do, with each assignor that an operator may
 * choose.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "broker.h"

#include <stdio.h>
#include <unistd.h>

#include "conformance/conformance.h"

static struct cluster *open_cooperative(void *context)
{
    (void)context;
    return broker_open((const struct kafka_property[]){{NULL, NULL}});
}

static struct cluster *open_eager(void *context)
{
    (void)context;
    return broker_open(
        (const struct kafka_property[]){{"partition.assignment.strategy", "range"}, {NULL, NULL}});
}

static void conform(struct cluster *(*open)(void *), const char *kind)
{
    char prefix[64];
    snprintf(prefix, sizeof(prefix), "%s.%ld", kind, (long)getpid());
    conformance_run(&(struct conformance_target){
        .open = open, .prefix = prefix, .patience_ms = 60000, .quiet_ms = 300});
}

static void a_kafka_cluster_conforms(void **state)
{
    (void)state;
    conform(open_cooperative, "cooperative");
}

static void a_kafka_cluster_with_an_eager_assignor_conforms(void **state)
{
    (void)state;
    conform(open_eager, "eager");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kafka_cluster_conforms),
        cmocka_unit_test(a_kafka_cluster_with_an_eager_assignor_conforms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
