/* A consumer that the group expels gives up its partitions and joins anew in the same process; one whose
 * slot another process took does not; one that is told to stop while it joins goes. Against librdkafka's mock cluster.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "mock.h"

#include "base/time.h"
#include "stream/kafka_internal.h"

enum { PARTITIONS = 2, PATIENCE_MS = 60000 };

struct scene {
    struct mock mock;
    struct cluster *cluster;
    struct stream *stream;
    unsigned rejoins; /* that were told to the operator */
};

static void on_log(void *context, int level, const char *text)
{
    (void)level;
    struct scene *scene = context;
    scene->rejoins += strstr(text, "joins anew") != NULL;
}

static void scene_open(struct scene *scene)
{
    *scene = (struct scene){.rejoins = 0};
    mock_open(&scene->mock, "in", PARTITIONS);
    scene->cluster = mock_connect(&scene->mock, on_log, scene);
}

static void scene_join(struct scene *scene)
{
    static const char *const sources[] = {"in"};
    const struct stream_options options = {.group = "g",
                                           .transactional_id = "t",
                                           .instance_id = "slot-0",
                                           .sources = sources,
                                           .source_count = 1};
    struct error error = {0};
    const enum status status =
        scene->cluster->ops->stream_open(scene->cluster, &options, &scene->stream, &error);
    if (status != STATUS_OK) {
        fail_msg("%s", error.text);
    }
}

static void scene_close(struct scene *scene)
{
    scene->stream->ops->close(scene->stream);
    scene->cluster->ops->close(scene->cluster);
    mock_close(&scene->mock);
}

/* The next event, with its partition; or the status that ended the stream. */
static enum status await(struct scene *scene, enum stream_event *event_out, int32_t *partition_out,
                         struct error *error)
{
    const int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    do {
        struct stream_record record = {0};
        /* The mock cannot describe groups, and librdkafka 2.0.2 uses freed memory where a broker cannot. */
        ((struct kafka_stream *)(void *)scene->stream)->balance.due_ms = INT64_MAX;
        TRY(scene->stream->ops->poll(scene->stream, 50, event_out, &record, partition_out, error));
    } while (*event_out == STREAM_NOTHING && clock_monotonic_ms() < end_ms);
    return STATUS_OK;
}

/* Both partitions come, or are lost, and are answered. */
static void expect_all(struct scene *scene, enum stream_event expected)
{
    static const int64_t offsets[] = {0};
    const struct stream_ops *ops = scene->stream->ops;
    bool seen[PARTITIONS] = {false};
    for (int i = 0; i < PARTITIONS; i++) {
        enum stream_event event = STREAM_NOTHING;
        int32_t partition = -1;
        struct error error = {0};
        if (await(scene, &event, &partition, &error) != STATUS_OK) {
            fail_msg("%s", error.text);
        }
        assert_int_equal(event, expected);
        assert_in_range(partition, 0, PARTITIONS - 1);
        assert_false(seen[partition]);
        seen[partition] = true;
        const enum status status = event == STREAM_ASSIGN
                                       ? ops->assign(scene->stream, partition, offsets, &error)
                                       : ops->unassign(scene->stream, partition, &error);
        if (status != STATUS_OK) {
            fail_msg("%s", error.text);
        }
    }
}

static void expel(struct scene *scene, int16_t key)
{
    mock_answer(&scene->mock, key, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
}

/* With a transaction open, which is aborted; afterwards it commits as before. */
static void an_expelled_member_loses_all_and_joins_anew(void **state)
{
    (void)state;
    static const int64_t offsets[] = {0};
    struct scene scene;
    scene_open(&scene);
    scene_join(&scene);
    expect_all(&scene, STREAM_ASSIGN);
    const struct stream_ops *ops = scene.stream->ops;
    struct error error = {0};
    assert_int_equal(ops->begin(scene.stream, &error), STATUS_OK);
    expel(&scene, HEARTBEAT);
    enum stream_event event = STREAM_NOTHING;
    int32_t partition = -1;
    assert_int_equal(await(&scene, &event, &partition, &error), STATUS_OK);
    assert_int_equal(event, STREAM_LOST);
    assert_int_equal(ops->abort(scene.stream, &error), COMMIT_ABORTED);
    for (int32_t p = 0; p < PARTITIONS; p++) { /* as the abort path does, for lost ones too */
        assert_int_equal(ops->seek(scene.stream, p, offsets, &error), STATUS_OK);
    }
    assert_int_equal(ops->unassign(scene.stream, partition, &error), STATUS_OK);
    assert_int_equal(await(&scene, &event, &partition, &error), STATUS_OK);
    assert_int_equal(event, STREAM_LOST);
    assert_int_equal(ops->unassign(scene.stream, partition, &error), STATUS_OK);
    expect_all(&scene, STREAM_ASSIGN);
    assert_int_equal(scene.rejoins, 1);
    while (ops->rotation_due(scene.stream)) {
        assert_int_not_equal(ops->rotate(scene.stream, &error), STATUS_FATAL);
    }
    const struct stream_position position = {.next_offset = 1, .metadata = "m"};
    assert_int_equal(ops->begin(scene.stream, &error), STATUS_OK);
    assert_int_equal(ops->commit(scene.stream, &position, 1, &error), COMMIT_DONE);
    scene_close(&scene);
}

static void a_member_fenced_while_it_joins_joins_anew(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    expel(&scene, JOIN_GROUP);
    scene_join(&scene);
    expect_all(&scene, STREAM_ASSIGN);
    assert_int_equal(scene.rejoins, 1);
    scene_close(&scene);
}

static void a_member_whose_transactional_id_is_taken_ends(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    scene_join(&scene);
    expect_all(&scene, STREAM_ASSIGN);
    mock_answer(&scene.mock, ADD_OFFSETS, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
    expel(&scene, HEARTBEAT);
    expect_all(&scene, STREAM_LOST);
    enum stream_event event = STREAM_NOTHING;
    int32_t partition = -1;
    struct error error = {0};
    assert_int_equal(await(&scene, &event, &partition, &error), STATUS_FATAL);
    assert_non_null(strstr(error.text, "worker.slot"));
    assert_int_equal(scene.rejoins, 0);
    scene_close(&scene);
}

/* Somebody with the instance id, but not the transactional id. */
static void a_member_expelled_again_and_again_ends(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    for (int i = 0; i < 20; i++) {
        expel(&scene, JOIN_GROUP);
    }
    scene_join(&scene);
    enum stream_event event = STREAM_NOTHING;
    int32_t partition = -1;
    struct error error = {0};
    assert_int_equal(await(&scene, &event, &partition, &error), STATUS_FATAL);
    assert_non_null(strstr(error.text, "times in a row"));
    assert_true(scene.rejoins > 2);
    scene_close(&scene);
}

/* librdkafka before 2.3.0 asserts that a consumer that has joined was assigned something before it goes. */
static void a_member_that_stops_before_its_first_assignment_goes(void **state)
{
    (void)state;
    enum { FOREVER_MS = 60000, JOIN_MS = 5000 };
    struct scene scene;
    scene_open(&scene);
    rd_kafka_mock_broker_push_request_error_rtts(scene.mock.cluster, 1, SYNC_GROUP, 1,
                                                 RD_KAFKA_RESP_ERR_NO_ERROR, FOREVER_MS);
    scene_join(&scene);
    const int64_t end_ms = clock_monotonic_ms() + JOIN_MS;
    while (clock_monotonic_ms() < end_ms) {
        enum stream_event event = STREAM_NOTHING;
        struct stream_record record = {0};
        int32_t partition = -1;
        struct error error = {0};
        assert_int_equal(scene.stream->ops->poll(scene.stream, 50, &event, &record, &partition, &error),
                         STATUS_OK);
        assert_int_equal(event, STREAM_NOTHING);
    }
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_expelled_member_loses_all_and_joins_anew),
        cmocka_unit_test(a_member_fenced_while_it_joins_joins_anew),
        cmocka_unit_test(a_member_whose_transactional_id_is_taken_ends),
        cmocka_unit_test(a_member_expelled_again_and_again_ends),
        cmocka_unit_test(a_member_that_stops_before_its_first_assignment_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
