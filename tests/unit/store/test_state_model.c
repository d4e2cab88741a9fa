/* The state of a task against a plain model: thousands of random steps on each kind of store.
 *
 * The model is four arrays: what the store has, what is committed, what the sealed transaction and
 * what the overlay changes. After every step one row and now and then a scan must agree. The seeds
 * are fixed: each run is the same.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "directory.h"

enum { KEYS = 120, TEXT_MAX = 400 };

/* Passes on to `inner`, which outlives it; every call fails while `failing`. */
struct probe {
    struct store store;
    struct store *inner;
    bool failing;
};

static enum status probe_fail(struct store *store, struct error *error)
{
    return ((struct probe *)store)->failing ? error_set(error, STATUS_FATAL, "probe fails")
                                            : STATUS_OK;
}

static struct store *probe_inner(struct store *store)
{
    return ((struct probe *)store)->inner;
}

static enum status probe_get(struct store *store, struct bytes key, struct buffer *value,
                             bool *found_out, struct error *error)
{
    TRY(probe_fail(store, error));
    return probe_inner(store)->ops->get(probe_inner(store), key, value, found_out, error);
}

static enum status probe_scan(struct store *store, struct bytes prefix, struct bytes from,
                              store_visit *visit, void *context, struct error *error)
{
    TRY(probe_fail(store, error));
    return probe_inner(store)->ops->scan(probe_inner(store), prefix, from, visit, context, error);
}

static enum status probe_checkpoint(struct store *store, const struct row *rows, size_t count,
                                    struct error *error)
{
    TRY(probe_fail(store, error));
    return probe_inner(store)->ops->checkpoint(probe_inner(store), rows, count, error);
}

static size_t probe_memory(struct store *store)
{
    return probe_inner(store)->ops->memory(probe_inner(store));
}

static void probe_close(struct store *store)
{
    (void)store;
}

static const struct store_ops probe_ops = {
    .get = probe_get,
    .scan = probe_scan,
    .checkpoint = probe_checkpoint,
    .memory = probe_memory,
    .close = probe_close,
};

struct text {
    char data[TEXT_MAX];
    uint32_t size;
    bool is_there;
};

struct world {
    struct probe probe;
    const char *directory; /* NULL: the inner store is memory and stays */
    struct store_memory *memory;
    struct state *state;
    size_t cache_bytes; /* a few rows, or some rows and none of the large */
    uint64_t seed;
    struct text stored[KEYS];
    struct text committed[KEYS];
    struct text frozen[KEYS]; /* committed when the running checkpoint began */
    struct text sealed[KEYS];
    bool is_sealed_row[KEYS]; /* the sealed transaction has the row */
    bool is_sealed;
    struct text overlay[KEYS];
    bool is_changed[KEYS]; /* the overlay has the row */
    unsigned meta;         /* of the last commit */
    unsigned meta_frozen;
    unsigned meta_stored;
    int running; /* 0: no checkpoint, 1: begun, 2: written, 3: written and failed */
    size_t counts[16];
};

/* In key order. */
static struct bytes key_at(size_t index, char place[16])
{
    static const char kinds[] = {'a', 'l', 'm', 't'};
    snprintf(place, 16, "%c%s%02zu", kinds[index / 30], index % 30 < 15 ? "" : "x",
             index % 30 % 15);
    return bytes_text(place);
}

static size_t pick(struct world *world, size_t bound)
{
    return random_below(&world->seed, bound);
}

static void text_random(struct world *world, struct text *text)
{
    /* Mostly small; at times too large for the cache, or empty. */
    text->size = (uint32_t)pick(world, pick(world, 10) == 0 ? TEXT_MAX : 20);
    for (uint32_t i = 0; i < text->size; i++) {
        text->data[i] = (char)('a' + pick(world, 26));
    }
    text->is_there = true;
}

static struct bytes text_bytes(const struct text *text)
{
    return text->is_there ? bytes_of(text->data, text->size) : bytes_of(NULL, 0);
}

static const struct text *seen_at(const struct world *world, size_t index)
{
    return world->is_changed[index]      ? &world->overlay[index]
           : world->is_sealed_row[index] ? &world->sealed[index]
                                         : &world->committed[index];
}

static void meta_check(const struct world *world)
{
    char text[16];
    snprintf(text, sizeof(text), "%u", world->meta_stored);
    const struct bytes meta = state_stored_meta(world->state);
    assert_true(world->meta_stored == 0 ? meta.data == NULL : bytes_is(meta, text));
}

static void world_open(struct world *world)
{
    const struct state_limits limits = {
        .cache_bytes = world->cache_bytes,
        .checkpoint_bytes = 5000,
        .checkpoint_ms = 100,
    };
    struct error error = {0};
    if (world->directory != NULL) {
        CHECK_OK(store_open_rocksdb(world->directory, world->memory, &world->probe.inner, &error),
                 error);
    }
    CHECK_OK(state_open(&world->probe.store, &limits, &world->state, &error), error);
    meta_check(world);
}

static void world_close(struct world *world)
{
    state_close(world->state);
    if (world->directory != NULL) {
        store_close(world->probe.inner);
    }
}

static void step_change(struct world *world)
{
    char place[16];
    const size_t index = pick(world, KEYS);
    struct text *text = &world->overlay[index];
    world->is_changed[index] = true;
    if (pick(world, 3) > 0) {
        text_random(world, text);
        state_put(world->state, key_at(index, place), text_bytes(text));
    } else {
        *text = (struct text){0};
        state_remove(world->state, key_at(index, place));
    }
}

static void step_restore(struct world *world)
{
    char place[16];
    const size_t index = pick(world, KEYS);
    struct text *text = &world->committed[index];
    if (world->meta == 0) {
        return;
    }
    if (pick(world, 3) > 0) {
        text_random(world, text);
    } else {
        *text = (struct text){0};
    }
    state_restore(world->state, key_at(index, place), text_bytes(text), 1);
}

static void step_seal(struct world *world)
{
    if (world->is_sealed) {
        return;
    }
    const struct row *rows = NULL;
    const size_t bytes = state_dirty_bytes(world->state);
    const size_t count = state_seal(world->state, &rows);
    size_t seen = 0;
    size_t size = 0;
    for (size_t i = 0; i < KEYS; i++) {
        char place[16];
        if (world->is_changed[i]) {
            assert_true(seen < count);
            assert_true(bytes_equal(rows[seen].key, key_at(i, place)));
            assert_true(bytes_equal(rows[seen].value, text_bytes(&world->overlay[i])));
            size += rows[seen].key.size + rows[seen].value.size;
            seen++;
        }
    }
    assert_int_equal(seen, count);
    assert_int_equal(bytes, size);
    assert_int_equal(state_dirty_bytes(world->state), 0);
    memcpy(world->sealed, world->overlay, sizeof(world->sealed));
    memcpy(world->is_sealed_row, world->is_changed, sizeof(world->is_sealed_row));
    memset(world->is_changed, 0, sizeof(world->is_changed));
    world->is_sealed = true;
}

static void sealed_forget(struct world *world)
{
    memset(world->is_sealed_row, 0, sizeof(world->is_sealed_row));
    world->is_sealed = false;
}

static void overlay_forget(struct world *world)
{
    sealed_forget(world);
    memset(world->is_changed, 0, sizeof(world->is_changed));
}

static void step_commit(struct world *world)
{
    char text[16];
    if (!world->is_sealed && pick(world, 2) == 0) {
        step_seal(world);
    }
    for (size_t i = 0; i < KEYS; i++) {
        if (world->is_sealed_row[i]) {
            world->committed[i] = world->sealed[i];
        } else if (!world->is_sealed) {
            world->committed[i] = *seen_at(world, i);
        }
    }
    if (world->is_sealed) {
        sealed_forget(world);
    } else {
        overlay_forget(world);
    }
    snprintf(text, sizeof(text), "%u", ++world->meta);
    state_commit(world->state, bytes_text(text), 1);
}

static void step_abort(struct world *world)
{
    overlay_forget(world);
    state_abort(world->state);
}

/* One step of a checkpoint; the write fails at times. */
static void step_checkpoint(struct world *world)
{
    struct error error = {0};
    if (world->running == 0) {
        state_checkpoint_begin(world->state);
        memcpy(world->frozen, world->committed, sizeof(world->frozen));
        world->meta_frozen = world->meta;
        world->running = 1;
        assert_false(state_checkpoint_due(world->state, 1000000));
    } else if (world->running == 1) {
        const bool is_empty = world->meta_frozen == 0;
        world->probe.failing = pick(world, 4) == 0;
        world->running = world->probe.failing && !is_empty ? 3 : 2;
        state_checkpoint_write(world->state);
        world->probe.failing = false;
    } else {
        const enum status status = state_checkpoint_end(world->state, &error);
        /* Where nothing has changed there is no call that could fail. */
        assert_true(world->running == 3 || status == STATUS_OK);
        if (status == STATUS_OK) {
            memcpy(world->stored, world->frozen, sizeof(world->stored));
            world->meta_stored = world->meta_frozen;
        }
        world->running = 0;
    }
    meta_check(world);
}

static void step_reopen(struct world *world)
{
    while (world->running != 0) {
        step_checkpoint(world);
    }
    world_close(world);
    memcpy(world->committed, world->stored, sizeof(world->committed));
    world->meta = world->meta_stored;
    overlay_forget(world);
    world_open(world);
}

static void check_one(struct world *world, size_t index)
{
    struct error error = {0};
    struct bytes value = {0};
    char place[16];
    CHECK_OK(state_get(world->state, key_at(index, place), &value, &error), error);
    assert_true(bytes_equal(value, text_bytes(seen_at(world, index))));
}

struct walk {
    struct world *world;
    size_t index; /* below: visited or not in the range */
    size_t left;
    struct bytes prefix;
    struct bytes from;
};

static void walk_skip(struct walk *walk)
{
    for (; walk->index < KEYS; walk->index++) {
        char place[16];
        const struct bytes key = key_at(walk->index, place);
        if (seen_at(walk->world, walk->index)->is_there && bytes_compare(key, walk->from) >= 0 &&
            key.size >= walk->prefix.size &&
            memcmp(key.data, walk->prefix.data, walk->prefix.size) == 0) {
            break;
        }
    }
}

static bool check_visit(void *context, struct bytes key, struct bytes value)
{
    struct walk *walk = context;
    char place[16];
    walk_skip(walk);
    assert_true(walk->index < KEYS && walk->left > 0);
    assert_true(bytes_equal(key, key_at(walk->index, place)));
    assert_true(bytes_equal(value, text_bytes(seen_at(walk->world, walk->index))));
    check_one(walk->world, walk->index); /* a visitor may get rows */
    walk->index++;
    walk->left--;
    return pick(walk->world, 40) != 0 || (walk->left = 0) != 0;
}

static void step_scan(struct world *world)
{
    static const char *const prefixes[] = {"", "a", "t", "tx", "m", "mx0", "q"};
    struct error error = {0};
    char place[16];
    const size_t limit = pick(world, 3) == 0 ? pick(world, 10) : KEYS;
    struct walk walk = {
        .world = world,
        .left = limit,
        /* The full scan late, so that much of the run has rows out of order. */
        .prefix =
            bytes_text(prefixes[world->counts[0] < 1500 ? 1 + pick(world, 6) : pick(world, 7)]),
        .from = pick(world, 2) == 0 ? bytes_text("") : key_at(pick(world, KEYS), place),
    };
    CHECK_OK(state_scan(world->state, walk.prefix, walk.from, limit, check_visit, &walk, &error),
             error);
    walk_skip(&walk);
    assert_true(walk.left == 0 || walk.index == KEYS);
}

/* A read that fails says so, and nothing has changed after. */
static void step_failed_read(struct world *world)
{
    struct error error = {0};
    struct bytes value = {0};
    char place[16];
    const size_t index = pick(world, KEYS);
    world->probe.failing = true;
    if (state_get(world->state, key_at(index, place), &value, &error) == STATUS_OK) {
        assert_true(bytes_equal(value, text_bytes(seen_at(world, index))));
    }
    struct walk walk = {.world = world};
    assert_int_equal(
        state_scan(world->state, bytes_text("t"), bytes_text(""), 5, check_visit, &walk, &error),
        STATUS_FATAL);
    world->probe.failing = false;
}

static void step(struct world *world)
{
    static const struct {
        size_t weight;
        void (*run)(struct world *world);
    } steps[] = {
        {400, step_change}, {60, step_commit}, {15, step_abort},
        {40, step_seal},   {60, step_scan},   {60, step_checkpoint},
        {20, step_restore}, {4, step_reopen},  {10, step_failed_read},
    };
    size_t draw = pick(world, 669);
    size_t i = 0;
    while (draw >= steps[i].weight) {
        draw -= steps[i++].weight;
    }
    steps[i].run(world);
    world->counts[0]++;
    world->counts[i + 1]++;
    check_one(world, pick(world, KEYS));
}

static void run(struct world *world, size_t steps, uint64_t seed)
{
    world->probe.store.ops = &probe_ops;
    world->cache_bytes = seed % 2 == 0 ? 3000 : 300;
    world->seed = seed;
    world_open(world);
    for (size_t i = 0; i < steps; i++) {
        step(world);
        assert_true(state_memory(world->state) < (size_t)1 << 20);
    }
    for (size_t i = 0; i < KEYS; i++) {
        check_one(world, i);
    }
    while (world->running != 0) {
        step_checkpoint(world);
    }
    world_close(world);
    for (size_t i = 1; i <= 9; i++) {
        assert_true(world->counts[i] > 0);
    }
}

static void the_state_over_memory_follows_the_model(void **unused)
{
    (void)unused;
    struct world *world = memory_get(sizeof(*world));
    for (uint64_t seed = 1; seed <= 4; seed++) {
        memset(world, 0, sizeof(*world));
        world->probe.inner = store_open_memory();
        run(world, 10000, seed);
        store_close(world->probe.inner);
    }
    free(world);
}

static void the_state_over_a_failing_store_follows_the_model(void **unused)
{
    (void)unused;
    struct world *world = memory_get(sizeof(*world));
    memset(world, 0, sizeof(*world));
    world->probe.inner = store_open_failing(store_open_memory(), 0);
    run(world, 5000, 77);
    assert_true(store_failing_calls(world->probe.inner) > 100);
    store_close(world->probe.inner);
    free(world);
}

static void the_state_over_rocksdb_follows_the_model(void **unused)
{
    (void)unused;
    char *directory = directory_new();
    struct world *world = memory_get(sizeof(*world));
    memset(world, 0, sizeof(*world));
    world->directory = directory;
    world->memory = store_memory_new((size_t)1 << 20);
    run(world, 10000, 99);
    store_memory_free(world->memory);
    free(world);
    directory_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_state_over_memory_follows_the_model),
        cmocka_unit_test(the_state_over_a_failing_store_follows_the_model),
        cmocka_unit_test(the_state_over_rocksdb_follows_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
