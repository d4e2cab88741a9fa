/* The table of topics.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "topology/topics.h"

#include "base/assert.h"
#include "record/record.h"

/* Inputs bound the future by the broker (exactly one of the two time settings is added from
 * topics.input_timestamps when topics are made); outputs carry the time they were published. */
static const char *const input_settings[] = {"cleanup.policy=delete", NULL};
/* Internal records carry stream time, which may be long past when a backlog is worked through: a broker
 * that deletes by record time would drop them unread. */
static const char *const internal_settings[] = {"cleanup.policy=delete", "retention.ms=-1",
                                                "message.timestamp.type=CreateTime", NULL};
static const char *const output_settings[] = {"cleanup.policy=delete",
                                              "message.timestamp.type=LogAppendTime", NULL};
static const char *const audit_settings[] = {"cleanup.policy=delete", "retention.ms=-1",
                                             "message.timestamp.type=LogAppendTime", NULL};
static const char *const compacted_settings[] = {
    "cleanup.policy=compact", "message.timestamp.type=LogAppendTime", "min.compaction.lag.ms=3600000",
    "max.compaction.lag.ms=172800000", "delete.retention.ms=604800000", NULL};
static const char *const policy_settings[] = {"cleanup.policy=delete", "retention.ms=-1",
                                              "max.message.bytes=2097152", NULL};

const struct topic topics[] = {
    {"reports", TOPIC_INPUT, false, {&record_report}, input_settings},
    /* Signal: ticks only, see the engine's check */
    {"chat-events", TOPIC_INPUT, false, {&record_chat_event, &record_signal}, input_settings},
    {"verdicts", TOPIC_INPUT, false, {&record_verdict}, input_settings},
    {"claims",
     TOPIC_INPUT,
     false,
     {&record_rights_claim, &record_identity_proof, &record_minor_protection_request},
     input_settings},
    {"authority-requests", TOPIC_INPUT, false, {&record_authority_request}, input_settings},
    {"appeals",
     TOPIC_INPUT,
     false,
     {&record_appeal, &record_inquiry, &record_dispute, &record_harm_report},
     input_settings},
    {"accounts",
     TOPIC_INPUT,
     false,
     {&record_account_change, &record_notice_preference},
     input_settings},
    {"policies", TOPIC_INPUT, true, {&record_policy_version}, policy_settings},
    {"signals", TOPIC_INTERNAL, false, {&record_signal}, internal_settings},
    {"notice-requests", TOPIC_INTERNAL, false, {&record_notice_request}, internal_settings},
    {"receipts", TOPIC_INTERNAL, false, {&record_receipt}, audit_settings},
    {"audit-keys", TOPIC_INTERNAL, false, {&record_audit_key}, compacted_settings},
    {"restrictions", TOPIC_OUTPUT, false, {&record_restriction}, output_settings},
    {"standings", TOPIC_OUTPUT, false, {&record_standing}, compacted_settings},
    {"peer-display", TOPIC_OUTPUT, false, {&record_peer_display}, compacted_settings},
    {"review-requests", TOPIC_OUTPUT, false, {&record_review_request}, output_settings},
    {"authority-reports", TOPIC_OUTPUT, false, {&record_authority_report}, output_settings},
    {"notices", TOPIC_OUTPUT, false, {&record_notice}, output_settings},
    {"audit", TOPIC_OUTPUT, false, {&record_audit}, audit_settings},
    {"dead-letters", TOPIC_OUTPUT, false, {&record_dead_letter}, output_settings},
    {"sanctions-changelog", TOPIC_CHANGELOG, false, {NULL}, compacted_settings},
    {"notices-changelog", TOPIC_CHANGELOG, false, {NULL}, compacted_settings},
};
const size_t topic_count = COUNT_OF(topics);

const struct topic *topic_find(struct bytes name)
{
    for (size_t i = 0; i < topic_count; i++) {
        if (bytes_is(name, topics[i].name)) {
            return &topics[i];
        }
    }
    return NULL;
}

bool topic_takes(const struct topic *topic, const struct record_type *type)
{
    for (size_t i = 0; topic->records[i] != NULL; i++) {
        if (topic->records[i] == type) {
            return true;
        }
    }
    return false;
}

const struct topic *topic_of_output(const struct record_type *type)
{
    for (size_t i = 0; i < topic_count; i++) {
        if (topics[i].role != TOPIC_INPUT && topic_takes(&topics[i], type)) {
            return &topics[i];
        }
    }
    return NULL;
}
