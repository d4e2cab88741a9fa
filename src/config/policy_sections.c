/* The sections of a policy file that are tables of numbers, and those keyed by a symbol.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/time.h"
#include "config/policy_load.h"

#define COUNT_LIMIT 1000000
#define LONG_MS (3660 * DAY_MS) /* ten years: more is a slip of the pen */

#define NUMBER(key, field, min, max)                                                               \
    {                                                                                              \
        key, ENTRY_NUMBER, false, offsetof(struct policy, field), min, max, NULL                   \
    }
#define DURATION(key, field, min, max)                                                             \
    {                                                                                              \
        key, ENTRY_DURATION, false, offsetof(struct policy, field), min, max, NULL                 \
    }
#define FLAG(key, field)                                                                           \
    {                                                                                              \
        key, ENTRY_FLAG, false, offsetof(struct policy, field), 0, 0, NULL                         \
    }
#define OTHER(key, needed)                                                                         \
    {                                                                                              \
        key, ENTRY_OTHER, !(needed), 0, 0, 0, NULL                                                 \
    }

static bool load_table(struct loading *loading, const struct node *section,
                       const struct entry *entries, size_t count);
static bool load_area(struct loading *loading, const struct node *node, int32_t symbol);
static bool load_severity(struct loading *loading, const struct node *node, int32_t symbol);
static bool load_class_evidence(struct loading *loading, const struct node *node, int32_t symbol);
static bool load_accumulation_scopes(struct loading *loading, const struct node *node,
                                     int32_t symbol);
static bool load_basis(struct loading *loading, const struct node *node);
static int64_t list_max(const char *name);
static bool load_limit(struct loading *loading, const struct node *section, const char *key,
                       const char *list, int32_t value);

static const char *const class_symbols[] = {"PRIVATE", "PUBLIC", "NONE"};
const struct enum_type enum_area_class = {"AreaClass", class_symbols, AREA_CLASS_COUNT, -1};
_Static_assert(COUNT_OF(class_symbols) == AREA_CLASS_COUNT, "each class has its symbol");

bool load_switches(struct loading *loading, const struct node *section)
{
    static const char *const symbols[] = {"RESTORE", "REMOVE"};
    static const struct enum_type ends = {"temporary_measure_end", symbols, COUNT_OF(symbols), -1};
    static const struct entry entries[] = {
        FLAG("network_act_duties", network_act_duties),
        FLAG("late_lift_credit", late_lift_credit),
        OTHER("temporary_measure_end", true),
        OTHER("appeal_suspends", true),
    };
    int32_t end = 0;
    bool good = load_table(loading, section, entries, COUNT_OF(entries));
    const struct node *node = node_find(section, "temporary_measure_end");
    const char *text = node != NULL ? read_text(&loading->reader, node, node->key) : NULL;
    good = text != NULL &&
           read_symbol(&loading->reader, node, text, &ends, 0, COUNT_OF(symbols) - 1, &end) && good;
    loading->policy->temporary_measure_removes = end == 1;
    const struct node *suspends = node_find(section, "appeal_suspends");
    return (suspends == NULL || read_symbols(&loading->reader, suspends, &enum_measure,
                                             &loading->policy->appeal_suspends)) &&
           good;
}

bool load_areas(struct loading *loading, const struct node *section)
{
    return load_by_symbol(loading, section, &enum_area, AREA_COUNT - 1,
                          (UINT64_C(1) << AREA_COUNT) - 1, load_area);
}

bool load_severities(struct loading *loading, const struct node *section)
{
    const uint64_t needed = UINT64_C(1) << SEVERITY_LIGHT | UINT64_C(1) << SEVERITY_SEVERE;
    return load_by_symbol(loading, section, &enum_severity, SEVERITY_COUNT - 1, needed,
                          load_severity);
}

bool load_evidence(struct loading *loading, const struct node *section)
{
    const uint64_t needed = UINT64_C(1) << AREA_CLASS_PRIVATE | UINT64_C(1) << AREA_CLASS_PUBLIC;
    return load_by_symbol(loading, section, &enum_area_class, AREA_CLASS_PUBLIC, needed,
                          load_class_evidence);
}

bool load_cases(struct loading *loading, const struct node *section)
{
    static const struct entry entries[] = {
        NUMBER("counted_per_window", counted_per_window, 1, 1000),
        DURATION("counted_window", counted_window_ms, 1, DAY_MS),
        DURATION("duplicate_horizon", duplicate_horizon_ms, HOUR_MS, 366 * DAY_MS),
        DURATION("wait", case_wait_ms, HOUR_MS, 366 * DAY_MS),
        DURATION("multiroom_window", multiroom_window_ms, 1, 366 * DAY_MS),
        NUMBER("sketch_equal_min", sketch_equal_min, 1, 16),
        DURATION("burst_window", burst_window_ms, 1, 366 * DAY_MS),
    };
    return load_table(loading, section, entries, COUNT_OF(entries));
}

bool load_accumulation(struct loading *loading, const struct node *section)
{
    static const struct entry entries[] = {
        DURATION("window", accumulation_window_ms, 1, 366 * DAY_MS),
        DURATION("duration", accumulation_duration_ms, MINUTE_MS, STEP_MAX_MS),
        OTHER("scopes", true),
    };
    bool good = load_table(loading, section, entries, COUNT_OF(entries));
    const struct node *scopes = node_find(section, "scopes");
    if (scopes != NULL && read_is_map(&loading->reader, scopes, "scopes")) {
        const uint64_t needed = (UINT64_C(1) << (LEDGER_CHANNEL + 1)) - 1;
        return load_by_symbol(loading, scopes, &enum_ledger, LEDGER_CHANNEL, needed,
                              load_accumulation_scopes) &&
               good;
    }
    return false;
}

bool load_rooms(struct loading *loading, const struct node *section)
{
    static const struct entry entries[] = {
        DURATION("request_window", room_request_window_ms, HOUR_MS, 366 * DAY_MS),
        NUMBER("request_reporters", room_request_reporters, 1, COUNT_LIMIT),
        NUMBER("request_institutions", room_request_institutions, 1, COUNT_LIMIT),
        NUMBER("request_reporters_alone", room_request_reporters_alone, 1, COUNT_LIMIT),
        DURATION("spam_mark_window", spam_mark_window_ms, HOUR_MS, 366 * DAY_MS),
        NUMBER("spam_mark_senders", spam_mark_senders, 1, COUNT_LIMIT),
    };
    return load_table(loading, section, entries, COUNT_OF(entries));
}

bool load_clocks(struct loading *loading, const struct node *section)
{
    static const struct entry entries[] = {
        DURATION("hold", hold_ms, MINUTE_MS, STEP_MAX_MS),
        DURATION("proof_wait", proof_wait_ms, MINUTE_MS, 366 * DAY_MS),
        /* The law blocks disputed content for 30 days at most (domain.md B2). */
        DURATION("temporary_measure", temporary_measure_ms, MINUTE_MS, 30 * DAY_MS),
        DURATION("minor_protection", minor_protection_ms, DAY_MS, LONG_MS),
        DURATION("minor_renewal_before", minor_renewal_before_ms, 0, LONG_MS),
        DURATION("appeal_window", appeal_window_ms, DAY_MS, LONG_MS),
        DURATION("authority_objection", authority_objection_ms, MINUTE_MS, 366 * DAY_MS),
        DURATION("authority_execution", authority_execution_ms, MINUTE_MS, 366 * DAY_MS),
        DURATION("tombstone_permanent", tombstone_permanent_ms, DAY_MS, LONG_MS),
        OTHER("hold_scopes", true),
        OTHER("minor_scopes", true),
        OTHER("ban_scopes", true),
    };
    struct policy *policy = loading->policy;
    const struct {
        const char *key;
        scope_set *scopes;
    } sets[] = {
        {"hold_scopes", &policy->hold_scopes},
        {"minor_scopes", &policy->minor_scopes},
        {"ban_scopes", &policy->ban_scopes},
    };
    bool good = load_table(loading, section, entries, COUNT_OF(entries));
    for (size_t i = 0; i < COUNT_OF(sets); i++) {
        const struct node *node = node_find(section, sets[i].key);
        good = node != NULL && load_scopes(loading, node, sets[i].scopes) && good;
    }
    return good;
}

bool load_protection(struct loading *loading, const struct node *section)
{
    static const struct entry entries[] = {
        NUMBER("friend_adds", protection.friend_adds, 1, COUNT_LIMIT),
        NUMBER("open_chat_joins", protection.open_chat_joins, 1, COUNT_LIMIT),
        NUMBER("rooms_made", protection.rooms_made, 1, COUNT_LIMIT),
        DURATION("trip_window", protection.trip_window_ms, 1, 366 * DAY_MS),
        DURATION("duration", protection.duration_ms, MINUTE_MS, LONG_MS),
        DURATION("extension", protection.extension_ms, MINUTE_MS, LONG_MS),
        DURATION("longest", protection.longest_ms, MINUTE_MS, LONG_MS),
        NUMBER("extension_reports", protection.extension_reports, 1, COUNT_LIMIT),
        DURATION("identity_end", protection.identity_end_ms, 0, LONG_MS),
        OTHER("scopes", true),
    };
    const bool good = load_table(loading, section, entries, COUNT_OF(entries));
    const struct node *scopes = node_find(section, "scopes");
    return scopes != NULL && load_scopes(loading, scopes, &loading->policy->protection.scopes) &&
           good;
}

bool load_reporters(struct loading *loading, const struct node *section)
{
    static const struct entry entries[] = {
        DURATION("window", reporter_window_ms, HOUR_MS, 3 * 366 * DAY_MS),
        NUMBER("groundless_min", reporter_groundless_min, 1, COUNT_LIMIT),
        NUMBER("groundless_permille", reporter_groundless_permille, 1, 1000),
    };
    return load_table(loading, section, entries, COUNT_OF(entries));
}

bool load_breaker(struct loading *loading, const struct node *section)
{
    static const struct entry entries[] = {
        NUMBER("apply_max", breaker_apply_max, 1, COUNT_LIMIT),
        NUMBER("all_max", breaker_all_max, 1, COUNT_LIMIT),
    };
    return load_table(loading, section, entries, COUNT_OF(entries));
}

bool load_notices(struct loading *loading, const struct node *section)
{
    static const struct entry entries[] = {
        {"quiet_from", ENTRY_TIME_OF_DAY, false, offsetof(struct policy, quiet_from_ms), 0, 0,
         NULL},
        {"quiet_until", ENTRY_TIME_OF_DAY, false, offsetof(struct policy, quiet_until_ms), 0, 0,
         NULL},
        NUMBER("first_bytes_max", notice_first_bytes_max, 256, 65536),
        NUMBER("later_bytes_max", notice_later_bytes_max, 256, 65536),
    };
    return load_table(loading, section, entries, COUNT_OF(entries));
}

bool load_authority_bases(struct loading *loading, const struct node *section)
{
    if (section->count > POLICY_BASES_MAX) {
        problems_add(loading->reader.problems, loading->reader.name, section->line,
                     "'authority_bases' has %zu entries, at most %d are kept", section->count,
                     POLICY_BASES_MAX);
        return false;
    }
    bool good = true;
    for (const struct node *node = section->first; node != NULL; node = node->next) {
        good = load_basis(loading, node) && good;
    }
    return good;
}

bool load_limits(struct loading *loading, const struct node *section)
{
    static const struct entry entries[] = {
        NUMBER("reports", reports_max, 1, COUNT_LIMIT),
        NUMBER("cases", cases_max, 1, COUNT_LIMIT),
        NUMBER("strikes", strikes_max, 1, COUNT_LIMIT),
        NUMBER("restrictions", restrictions_max, 1, COUNT_LIMIT),
        NUMBER("event_ids", event_ids_max, 1, COUNT_LIMIT),
    };
    if (!load_table(loading, section, entries, COUNT_OF(entries))) {
        return false;
    }
    const struct policy *policy = loading->policy;
    const struct {
        const char *key;
        const char *list; /* of SubjectState */
        int32_t value;
    } limits[] = {
        {"reports", "reports", policy->reports_max},
        {"cases", "cases", policy->cases_max},
        {"strikes", "violations", policy->strikes_max},
        {"restrictions", "restrictions", policy->restrictions_max},
        {"event_ids", "event_ids", policy->event_ids_max},
    };
    bool good = true;
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        good = load_limit(loading, section, limits[i].key, limits[i].list, limits[i].value) && good;
    }
    return good;
}

bool load_by_symbol(struct loading *loading, const struct node *section,
                    const struct enum_type *symbols, int64_t last, uint64_t needed,
                    load_symbol *read)
{
    const struct reader *reader = &loading->reader;
    bool good = true;
    for (const struct node *node = section->first; node != NULL; node = node->next) {
        int32_t symbol = 0;
        if (read_symbol(reader, node, node->key, symbols, 0, last, &symbol)) {
            needed &= ~(UINT64_C(1) << symbol);
            good = read(loading, node, symbol) && good;
        } else {
            good = false;
        }
    }
    for (uint32_t i = 0; i < symbols->count; i++) {
        if ((needed >> i & 1) != 0) {
            problems_add(reader->problems, reader->name, section->line, "'%s' is missing in '%s'",
                         symbols->symbols[i], section->key);
            good = false;
        }
    }
    return good;
}

static bool load_table(struct loading *loading, const struct node *section,
                       const struct entry *entries, size_t count)
{
    return read_entries(&loading->reader, section, entries, count, loading->policy);
}

static bool load_area(struct loading *loading, const struct node *node, int32_t symbol)
{
    static const struct entry entries[] = {
        {"class", ENTRY_SYMBOL, false, offsetof(struct policy_area, class), 0, AREA_CLASS_NONE,
         &enum_area_class},
        {"ledger", ENTRY_SYMBOL, false, offsetof(struct policy_area, ledger), 0, LEDGER_NONE,
         &enum_ledger},
        {"in_scope", ENTRY_FLAG, true, offsetof(struct policy_area, in_scope), 0, 0, NULL},
        {"policy_doc", ENTRY_ID, true, offsetof(struct policy_area, policy_doc), 0, 0, NULL},
    };
    struct policy_area *area = &loading->policy->areas[symbol];
    area->in_scope = true;
    return read_is_map(&loading->reader, node, node->key) &&
           read_entries(&loading->reader, node, entries, COUNT_OF(entries), area);
}

static bool load_severity(struct loading *loading, const struct node *node, int32_t symbol)
{
    static const struct entry entries[] = {
        {"weight", ENTRY_NUMBER, false, offsetof(struct policy_severity, weight), 1, 100, NULL},
        {"window", ENTRY_DURATION, false, offsetof(struct policy_severity, window_ms), HOUR_MS,
         LONG_MS, NULL},
    };
    if (symbol != SEVERITY_LIGHT && symbol != SEVERITY_SEVERE) {
        problems_add(loading->reader.problems, loading->reader.name, node->line,
                     "'%s' has no weight: only LIGHT and SEVERE violations climb a ladder",
                     node->key);
        return false;
    }
    return read_is_map(&loading->reader, node, node->key) &&
           read_entries(&loading->reader, node, entries, COUNT_OF(entries),
                        &loading->policy->severities[symbol]);
}

#define EVIDENCE(key, max)                                                                         \
    {                                                                                              \
#key, ENTRY_NUMBER, false, offsetof(struct policy_evidence, key), 1, max, NULL             \
    }

static bool load_class_evidence(struct loading *loading, const struct node *node, int32_t symbol)
{
    static const struct entry entries[] = {
        EVIDENCE(confirm_score, 1000),
        EVIDENCE(confirm_reporters, COUNT_LIMIT),
        EVIDENCE(hold_score, 1000),
        EVIDENCE(ask_score, 1000),
        EVIDENCE(ask_reporters, COUNT_LIMIT),
        EVIDENCE(multiroom_rooms, COUNT_LIMIT),
        EVIDENCE(multiroom_reporters, COUNT_LIMIT),
        EVIDENCE(burst_targets, COUNT_LIMIT),
        EVIDENCE(burst_reporters, COUNT_LIMIT),
        EVIDENCE(accumulation_reporters, COUNT_LIMIT),
    };
    return read_is_map(&loading->reader, node, node->key) &&
           read_entries(&loading->reader, node, entries, COUNT_OF(entries),
                        &loading->policy->evidence[symbol]);
}

static bool load_accumulation_scopes(struct loading *loading, const struct node *node,
                                     int32_t symbol)
{
    return load_scopes(loading, node, &loading->policy->accumulation_scopes[symbol]);
}

static bool load_basis(struct loading *loading, const struct node *node)
{
    static const struct entry entries[] = {
        OTHER("binding", false),
        OTHER("not_binding", false),
    };
    struct policy *policy = loading->policy;
    struct policy_authority_basis *basis = &policy->bases[policy->basis_count];
    const struct node name = {.kind = NODE_TEXT, .line = node->line, .text = node->key};
    bool good = read_id(&loading->reader, &name, "authority_bases", basis->legal_basis);
    if (!read_is_map(&loading->reader, node, node->key)) {
        return false;
    }
    good = read_entries(&loading->reader, node, entries, COUNT_OF(entries), basis) && good;
    const struct node *binding = node_find(node, "binding");
    const struct node *known = node_find(node, "not_binding");
    good = (binding == NULL ||
            read_symbols(&loading->reader, binding, &enum_authority, &basis->binding)) &&
           good;
    good =
        (known == NULL || read_symbols(&loading->reader, known, &enum_authority, &basis->known)) &&
        good;
    policy->basis_count++;
    if (good && ((basis->binding & basis->known) != 0 || (basis->binding | basis->known) == 0)) {
        problems_add(loading->reader.problems, loading->reader.name, node->line,
                     "'%s' needs authorities, each either 'binding' or 'not_binding'", node->key);
        return false;
    }
    return good;
}

/* Most items of a list of a subject's stored state; -1 if there is no such list. */
static int64_t list_max(const char *name)
{
    for (uint32_t i = 0; i < record_type_count; i++) {
        const struct record_type *type = record_types[i];
        for (uint32_t j = 0; strcmp(type->name, "SubjectState") == 0 && j < type->field_count;
             j++) {
            if (type->fields[j].kind == FIELD_LIST && strcmp(type->fields[j].name, name) == 0) {
                return type->fields[j].max;
            }
        }
    }
    return -1;
}

static bool load_limit(struct loading *loading, const struct node *section, const char *key,
                       const char *list, int32_t value)
{
    const int64_t max = list_max(list);
    if (max < 0 || value <= max) {
        return true;
    }
    problems_add(loading->reader.problems, loading->reader.name, node_find(section, key)->line,
                 "'%s' is %d, a subject's state has room for %lld", key, value, (long long)max);
    return false;
}
