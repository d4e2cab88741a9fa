/* The load of tools/bench: reports, the same bytes for the same arguments.
 *
 *   bench_load --brokers LIST --topic NAME [--records N] [--subjects N] [--seed N] [--run NAME]
 *              [--end-ms T] [--days N] [--cover PERMILLE] [--rate N]
 *
 * Without --rate the clock runs over --days and ends at --end-ms; with it, records carry the wall
 * clock and come N a second until all are sent or SIGTERM comes. Subjects are drawn by zipf 0.99;
 * --cover is the share of new incidents that go to a subject not drawn so far, so that the whole
 * universe is touched. Of all reports 30 % join an incident of the last 16,384 (another reporter,
 * the same message), 0.5 % repeat an earlier record. Prints one JSON object at the end.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/buffer.h"
#include "base/time.h"
#include "record/record.h"
#include "schema/codec.h"

#include <getopt.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    INCIDENTS = 16384, /* those that later reports may join */
    KEPT = 1024,       /* sent records that may be sent again */
    VALUE_MAX = 1024,
    KEY_MAX = 32,
    JOINS_PERMILLE = 300,
    AGAIN_PERMYRIAD = 50,
    REPORTERS = 50000000,
};

struct incident {
    uint64_t subject;
    uint64_t message;
    enum area area;
    enum category category;
    int32_t score;
};

struct sent {
    size_t key_size;
    size_t value_size;
    char key[KEY_MAX];
    uint8_t value[VALUE_MAX];
};

/* Constants of the drawing of zipf ranks. */
struct zipf {
    double exponent;
    double low;
    double high;
    double shortcut;
    uint64_t count;
};

struct arguments {
    const char *brokers;
    const char *topic;
    const char *run;
    uint64_t records;
    uint64_t subjects;
    uint64_t seed;
    uint64_t cover_permille;
    int64_t end_ms;
    int64_t days;
    uint64_t rate; /* a second; 0: as fast as it goes */
};

struct load {
    struct arguments arguments;
    struct codec *codec;
    struct buffer value;
    rd_kafka_t *producer;
    rd_kafka_topic_t *topic;
    struct zipf zipf;
    uint64_t random;
    uint64_t stride; /* of the bijection from rank to subject */
    struct incident *incidents;
    struct sent *kept;
    uint64_t incident_count;
    uint64_t covered;
    uint64_t joined;
    uint64_t repeated;
    uint64_t bytes;
    uint64_t failed;
    char text[8][KEY_MAX]; /* ids of the report in hand */
    uint8_t sketch[32];
};

static volatile sig_atomic_t stopped; /* set by the signal */

static bool arguments_parse(int count, char **words, struct arguments *arguments);
static bool load_open(struct load *load);
static void load_close(struct load *load);
static uint64_t load_run(struct load *load, int64_t *first_ms_out);

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

int main(int count, char **words)
{
    static struct load load;
    load.arguments = (struct arguments){.brokers = "127.0.0.1:9092",
                                        .topic = "sanctions.reports",
                                        .run = "a",
                                        .records = 1000000,
                                        .subjects = 1000000,
                                        .seed = 1,
                                        .end_ms = clock_wall_ms() - MINUTE_MS,
                                        .days = 30};
    if (!arguments_parse(count, words, &load.arguments)) {
        return 2;
    }
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    if (!load_open(&load)) {
        return 1;
    }
    const int64_t start_ms = clock_monotonic_ms();
    int64_t first_ms = 0;
    const uint64_t records = load_run(&load, &first_ms);
    if (rd_kafka_flush(load.producer, 60000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        load.failed += (uint64_t)rd_kafka_outq_len(load.producer);
    }
    printf("{\"records\": %" PRIu64 ", \"mean_bytes\": %.1f, \"incidents\": %" PRIu64
           ", \"covered\": %" PRIu64 ", \"joined\": %" PRIu64 ", \"repeated\": %" PRIu64
           ", \"failed\": %" PRIu64 ", \"seconds\": %.2f, \"first_ms\": %" PRId64 "}\n",
           records, records == 0 ? 0 : (double)load.bytes / (double)records, load.incident_count,
           load.covered, load.joined, load.repeated, load.failed,
           (double)(clock_monotonic_ms() - start_ms) / 1000, first_ms);
    const bool good = load.failed == 0;
    load_close(&load);
    return good ? 0 : 1;
}

static bool number_parse(const char *text, uint64_t *value_out)
{
    char *end = NULL;
    *value_out = strtoull(text, &end, 10);
    return end != text && *end == '\0' && text[0] != '-';
}

static bool arguments_parse(int count, char **words, struct arguments *arguments)
{
    static const struct option options[] = {
        {"brokers", 1, NULL, 'b'},  {"topic", 1, NULL, 't'}, {"records", 1, NULL, 'n'},
        {"subjects", 1, NULL, 's'}, {"seed", 1, NULL, 'S'},  {"run", 1, NULL, 'r'},
        {"end-ms", 1, NULL, 'e'},   {"days", 1, NULL, 'd'},  {"cover", 1, NULL, 'c'},
        {"rate", 1, NULL, 'R'},     {NULL, 0, NULL, 0},
    };
    bool good = true;
    for (int name; good && (name = getopt_long(count, words, "", options, NULL)) != -1;) {
        uint64_t number = 0;
        const bool is_text = name == 'b' || name == 't' || name == 'r';
        good = name != '?' && (is_text || (number_parse(optarg, &number) && number < INT64_MAX));
        switch (name) {
        case 'b':
            arguments->brokers = optarg;
            break;
        case 't':
            arguments->topic = optarg;
            break;
        case 'r':
            arguments->run = optarg;
            break;
        case 'n':
            arguments->records = number;
            break;
        case 's':
            arguments->subjects = number;
            break;
        case 'S':
            arguments->seed = number;
            break;
        case 'e':
            arguments->end_ms = (int64_t)number;
            break;
        case 'd':
            arguments->days = (int64_t)number;
            break;
        case 'c':
            arguments->cover_permille = number;
            break;
        case 'R':
            arguments->rate = number;
            break;
        default:
            break;
        }
    }
    good = good && optind == count && strlen(arguments->run) <= 12 && arguments->subjects > 0 &&
           arguments->subjects < 100000000000;
    if (!good) {
        fprintf(stderr, "bench_load: bad arguments, see the head of bench_load.c\n");
    }
    return good;
}

static uint64_t random_next(struct load *load)
{
    load->random ^= load->random << 13;
    load->random ^= load->random >> 7;
    load->random ^= load->random << 17;
    return load->random * UINT64_C(0x2545f4914f6cdd1d);
}

/* In [0, bound). */
static uint64_t below(struct load *load, uint64_t bound)
{
    return (random_next(load) >> 11) % bound;
}

/* In [0, 1). */
static double fraction(struct load *load)
{
    return (double)(random_next(load) >> 11) / 9007199254740992.0;
}

/* Zipf ranks by rejection-inversion (Hoermann and Derflinger 1996): the integral of x^-s is
 * inverted, and what lies between the hat and a column is drawn again. */
static double hat(const struct zipf *zipf, double x)
{
    return pow(x, 1 - zipf->exponent) / (1 - zipf->exponent);
}

static double hat_inverse(const struct zipf *zipf, double y)
{
    return pow(y * (1 - zipf->exponent), 1 / (1 - zipf->exponent));
}

static void zipf_init(struct zipf *zipf, uint64_t count, double exponent)
{
    *zipf = (struct zipf){.exponent = exponent, .count = count};
    zipf->low = hat(zipf, 1.5) - 1;
    zipf->high = hat(zipf, (double)count + 0.5);
    zipf->shortcut = 2 - hat_inverse(zipf, hat(zipf, 2.5) - pow(2, -exponent));
}

/* In [0, count). */
static uint64_t zipf_rank(struct load *load)
{
    const struct zipf *zipf = &load->zipf;
    for (;;) {
        const double y = zipf->high + fraction(load) * (zipf->low - zipf->high);
        const double x = hat_inverse(zipf, y);
        const double rank = fmin(fmax(floor(x + 0.5), 1), (double)zipf->count);
        if (rank - x <= zipf->shortcut || y >= hat(zipf, rank + 0.5) - pow(rank, -zipf->exponent)) {
            return (uint64_t)rank - 1;
        }
    }
}

/* An odd step through the subjects that meets each once: neighbours in rank are none in key. */
static uint64_t stride_of(uint64_t count)
{
    for (uint64_t stride = (uint64_t)((double)count * 0.6180339887) | 1;; stride += 2) {
        uint64_t a = stride;
        uint64_t b = count;
        while (b != 0) {
            const uint64_t rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 1) {
            return stride;
        }
    }
}

/* A value and how often it comes, of 20. */
struct share {
    int value;
    uint64_t of_20;
};

static int share_draw(struct load *load, const struct share *shares)
{
    uint64_t at = below(load, 20);
    while (at >= shares->of_20) {
        at -= shares->of_20;
        shares++;
    }
    return shares->value;
}

static const struct share areas[] = {
    {AREA_OPEN_CHAT_ROOM, 9}, {AREA_OPEN_CHAT_BOARD, 1}, {AREA_OPEN_PROFILE_POST, 1},
    {AREA_TALK_PROFILE, 2},   {AREA_CHANNEL_COMMENT, 2}, {AREA_GROUP_CHAT, 2},
    {AREA_REGULAR_CHAT, 2},   {AREA_TALK_BOARD, 1},
};

static const struct share categories[] = {
    {CATEGORY_SPAM_AD, 6},          {CATEGORY_ABUSE_SLANDER, 5}, {CATEGORY_SEXUAL_DISCOMFORT, 2},
    {CATEGORY_HATE_SPEECH, 2},      {CATEGORY_FLOODING, 1},      {CATEGORY_DISGUST, 1},
    {CATEGORY_JUVENILE_HARMFUL, 1}, {CATEGORY_ILLEGAL_GOODS, 1}, {CATEGORY_PERSONAL_DATA_ABUSE, 1},
};

/* Most findings are weak; a tenth is sure. */
static int32_t score_draw(struct load *load)
{
    const uint64_t kind = below(load, 100);
    if (kind < 9) {
        return (int32_t)(920 + below(load, 80));
    }
    return kind < 20 ? (int32_t)(300 + below(load, 600)) : (int32_t)below(load, 300);
}

static const struct incident *incident_draw(struct load *load)
{
    const uint64_t count = load->incident_count < INCIDENTS ? load->incident_count : INCIDENTS;
    if (count >= 64 && below(load, 1000) < JOINS_PERMILLE) {
        load->joined++;
        return &load->incidents[below(load, count)];
    }
    struct incident *incident = &load->incidents[load->incident_count++ % INCIDENTS];
    const bool covers = load->covered < load->arguments.subjects &&
                        below(load, 1000) < load->arguments.cover_permille;
    const uint64_t rank = covers ? load->covered++ : zipf_rank(load);
    *incident = (struct incident){
        .subject = (rank * load->stride + 7) % load->arguments.subjects,
        .message = random_next(load),
        .area = (enum area)share_draw(load, areas),
        .category = (enum category)share_draw(load, categories),
        .score = score_draw(load),
    };
    return incident;
}

/* An id in one of the texts of the report in hand. */
static struct bytes id(struct load *load, size_t place, const char *format, uint64_t number)
{
    ASSERT(place < COUNT_OF(load->text));
    char digits[24];
    const int size = snprintf(digits, sizeof(digits), "%012" PRIx64, number & 0xffffffffffff);
    const int all = snprintf(load->text[place], KEY_MAX, "%s%.*s", format, size, digits);
    ASSERT(all > 0 && all < KEY_MAX);
    return bytes_of(load->text[place], (size_t)all);
}

static struct bytes user(struct load *load, size_t place, uint64_t number)
{
    const int size = snprintf(load->text[place], KEY_MAX, "u%011" PRIu64, number);
    ASSERT(size > 0 && size < KEY_MAX);
    return bytes_of(load->text[place], (size_t)size);
}

static void labels_fill(struct load *load, const struct incident *incident, struct report *report)
{
    report->labels_count = 1 + (uint32_t)below(load, 3);
    for (uint32_t i = 0; i < report->labels_count; i++) {
        const int32_t jitter = (int32_t)below(load, 20);
        report->labels[i] = (struct label){
            .category = i == 0 ? incident->category : (enum category)share_draw(load, categories),
            .score = i > 0                      ? (int32_t)below(load, 250)
                     : incident->score > jitter ? incident->score - jitter
                                                : 0,
            .labeller = bytes_text("labeller-7"),
        };
    }
}

static void sketch_fill(struct load *load, const struct incident *incident)
{
    uint64_t word = incident->message;
    for (size_t i = 0; i < sizeof(load->sketch); i += sizeof(word)) {
        memcpy(load->sketch + i, &word, sizeof(word));
        word *= UINT64_C(0x9e3779b97f4a7c15);
    }
}

/* What many reports have and the policy looks at; the rest stays at its default. */
static void report_fill(struct load *load, const struct incident *incident, uint64_t number,
                        int64_t now_ms, struct report *report)
{
    const bool in_room = incident->area == AREA_OPEN_CHAT_ROOM ||
                         incident->area == AREA_OPEN_CHAT_BOARD ||
                         incident->area == AREA_GROUP_CHAT;
    const bool is_spam = incident->category == CATEGORY_SPAM_AD;
    char run[16];
    snprintf(run, sizeof(run), "r-%.12s-", load->arguments.run);
    *report = (struct report){
        .event_id = id(load, 0, run, number),
        .occurred_at = now_ms - (int64_t)below(load, 3000),
        .subject_kind = SUBJECT_KIND_USER,
        .subject_id = user(load, 1, incident->subject),
        .source_kind =
            below(load, 4) == 0 ? SOURCE_KIND_USER_REPORT_ILLEGAL : SOURCE_KIND_USER_REPORT_POLICY,
        .report_kind = REPORT_KIND_BREACH,
        .reporter_id = user(load, 2, below(load, REPORTERS)),
        .reporter_class = below(load, 50) != 0  ? REPORTER_CLASS_NORMAL
                          : below(load, 2) == 0 ? REPORTER_CLASS_LOW
                                                : REPORTER_CLASS_TRUSTED,
        .good_faith = true,
        .target_kind = TARGET_KIND_CONTENT,
        .content_ref = id(load, 3, "msg-", incident->message),
        .area = incident->area,
        .act_at = now_ms - 4 * SECOND_MS - (int64_t)below(load, 6 * HOUR_MS),
        .actor_role = below(load, 12) == 0 ? ROLE_OWNER : ROLE_MEMBER,
        .relation = RELATION_NON_FRIEND,
        .sender_kind = SENDER_KIND_PERSON,
        .content_form = below(load, 4) == 0 ? CONTENT_FORM_IMAGE : CONTENT_FORM_TEXT,
        .language = below(load, 10) == 0 ? LANGUAGE_EN : LANGUAGE_KO,
        .category = incident->category,
        .sketch = bytes_of(load->sketch, sizeof(load->sketch)),
        .sketch_key = bytes_text("sk-2026-11"),
        .act_kind = is_spam ? ACT_KIND_ADVERTISE : ACT_KIND_UNKNOWN,
        .illegal_purpose = TRI_NO,
        .ad_label_present = TRI_UNKNOWN,
        .withdrawal_path_present = TRI_UNKNOWN,
        .consent_state = is_spam ? CONSENT_STATE_NONE : CONSENT_STATE_UNKNOWN,
        .target_age_band = below(load, 30) == 0 ? AGE_BAND_A14_18 : AGE_BAND_ADULT,
        .actor_age_band = AGE_BAND_UNKNOWN,
    };
    if (below(load, 2) == 0) {
        report->evidence_ref = id(load, 4, "evidence-", random_next(load));
    }
    if (in_room) {
        report->room_id = id(load, 5, "rm-", incident->message >> 8);
    }
    labels_fill(load, incident, report);
    sketch_fill(load, incident);
}

/* The next record, in its place of `kept`. */
static const struct sent *record_make(struct load *load, uint64_t number, int64_t now_ms)
{
    struct sent *sent = &load->kept[number % KEPT];
    if (number >= KEPT && below(load, 10000) < AGAIN_PERMYRIAD) {
        const struct sent again = load->kept[below(load, KEPT)];
        *sent = again;
        load->repeated++;
    } else {
        const struct incident *incident = incident_draw(load);
        struct report report;
        report_fill(load, incident, number, now_ms, &report);
        buffer_clear(&load->value);
        codec_encode(load->codec, &record_report, &report, &load->value);
        ASSERT(load->value.size <= VALUE_MAX);
        sent->value_size = load->value.size;
        memcpy(sent->value, load->value.data, sent->value_size);
        sent->key_size =
            (size_t)snprintf(sent->key, KEY_MAX, "USER:%.*s", BYTES_PRINT(report.subject_id));
    }
    load->bytes += sent->key_size + sent->value_size;
    return sent;
}

static void record_send(struct load *load, const struct sent *sent, int64_t timestamp_ms)
{
    const rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = load->topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = RD_KAFKA_PARTITION_UA},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = timestamp_ms},
        {.vtype = RD_KAFKA_VTYPE_KEY,
         .u.mem = {.ptr = (void *)(uintptr_t)sent->key, .size = sent->key_size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {.ptr = (void *)(uintptr_t)sent->value, .size = sent->value_size}},
    };
    for (;;) {
        rd_kafka_error_t *failure = rd_kafka_produceva(load->producer, parts, COUNT_OF(parts));
        const rd_kafka_resp_err_t code = rd_kafka_error_code(failure);
        rd_kafka_error_destroy(failure);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            return;
        }
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            load->failed++;
            return;
        }
        rd_kafka_poll(load->producer, 20);
    }
}

/* Waits until the `number`-th record is due; returns the wall clock. */
static int64_t rate_wait(struct load *load, uint64_t number, int64_t start_ms)
{
    const int64_t due_ms = start_ms + (int64_t)(number * 1000 / load->arguments.rate);
    while (clock_monotonic_ms() < due_ms && !stopped) {
        rd_kafka_poll(load->producer, 0);
        const struct timespec pause = {.tv_sec = 0, .tv_nsec = 500000};
        nanosleep(&pause, NULL);
    }
    return clock_wall_ms();
}

static uint64_t load_run(struct load *load, int64_t *first_ms_out)
{
    const struct arguments *arguments = &load->arguments;
    const double step_ms = arguments->records == 0
                               ? 0
                               : (double)(arguments->days * DAY_MS) / (double)arguments->records;
    const int64_t start_ms = clock_monotonic_ms();
    uint64_t number = 0;
    for (; number < arguments->records && !stopped; number++) {
        const int64_t now_ms =
            arguments->rate > 0
                ? rate_wait(load, number, start_ms)
                : arguments->end_ms -
                      (int64_t)((double)(arguments->records - 1 - number) * step_ms);
        *first_ms_out = number == 0 ? now_ms : *first_ms_out;
        record_send(load, record_make(load, number, now_ms), now_ms);
        if (number % 1024 == 0) {
            rd_kafka_poll(load->producer, 0);
        }
    }
    return number;
}

static void on_delivery(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
    (void)producer;
    struct load *load = opaque;
    load->failed += message->err != RD_KAFKA_RESP_ERR_NO_ERROR;
}

static bool producer_open(struct load *load)
{
    const char *const properties[][2] = {
        {"bootstrap.servers", load->arguments.brokers},
        {"client.id", "bench-load"},
        {"log_level", "3"},
        {"partitioner", "murmur2_random"},
        {"enable.idempotence", "true"},
        {"linger.ms", load->arguments.rate > 0 ? "2" : "50"},
        {"batch.size", "1000000"},
        {"queue.buffering.max.messages", "500000"},
    };
    char text[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < COUNT_OF(properties); i++) {
        if (rd_kafka_conf_set(conf, properties[i][0], properties[i][1], text, sizeof(text)) !=
            RD_KAFKA_CONF_OK) {
            fprintf(stderr, "bench_load: %s\n", text);
            rd_kafka_conf_destroy(conf);
            return false;
        }
    }
    rd_kafka_conf_set_opaque(conf, load);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    load->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    if (load->producer == NULL) {
        fprintf(stderr, "bench_load: %s\n", text);
        rd_kafka_conf_destroy(conf);
        return false;
    }
    load->topic = rd_kafka_topic_new(load->producer, load->arguments.topic, NULL);
    return load->topic != NULL;
}

static bool load_open(struct load *load)
{
    const struct record_type *types[] = {&record_report};
    struct error error = {0};
    if (codec_new(types, COUNT_OF(types), &load->codec, &error) != STATUS_OK) {
        fprintf(stderr, "bench_load: %s\n", error.text);
        return false;
    }
    load->random = (load->arguments.seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
    load->stride = stride_of(load->arguments.subjects);
    zipf_init(&load->zipf, load->arguments.subjects, 0.99);
    load->incidents = memory_get(INCIDENTS * sizeof(*load->incidents));
    load->kept = memory_get(KEPT * sizeof(*load->kept));
    return producer_open(load);
}

static void load_close(struct load *load)
{
    rd_kafka_topic_destroy(load->topic);
    rd_kafka_destroy(load->producer);
    codec_free(load->codec);
    buffer_release(&load->value);
    free(load->incidents);
    free(load->kept);
}
