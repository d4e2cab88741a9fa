/* The subcommands of sanctionctl: one file each, one row each in the table of main.c.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SANCTIONCTL_COMMAND_H
#define SANCTIONCTL_COMMAND_H

#include "program/program.h"

/* What a subcommand gets: its words after the subcommand's own, options taken out. */
struct command_call {
    struct program *program;
    const char **words; /* NULL-terminated */
    size_t word_count;
};

/* On a failure program->problems or program->error is filled; *code_out is the exit code on success. */
typedef enum status command_run(struct command_call *call, int *code_out);

command_run command_topics_create;
command_run command_topics_check;
command_run command_topology_show;
command_run command_topology_check;
command_run command_send;
command_run command_tail;
command_run command_standing;
command_run command_explain;
command_run command_audit_verify;
command_run command_audit_export;
command_run command_audit_report;
command_run command_dlq_list;
command_run command_dlq_redrive;
command_run command_fingerprint;
command_run command_policy_check;
command_run command_policy_show;
command_run command_policy_test;
command_run command_policy_diff;
command_run command_policy_shadow;
command_run command_policy_backtest;
command_run command_policy_publish;

/* Set by SIGINT and SIGTERM. */
bool command_stopped(void);
/* The same, for an engine. */
const atomic_bool *command_stop(void);

/* Like 2026-11-30T08:00:00Z; "no end" for TIME_NEVER_MS. Returns `text`. */
const char *command_time(int64_t time_ms, char text[32]);

/* A problem with the command line; returns STATUS_FATAL. */
enum status command_usage(struct command_call *call, const char *text);

#endif
