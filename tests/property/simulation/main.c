/* The simulation: whole engine, simulated brokers and disks, one seed a run.
 *
 *   simulation --seeds A-B [--jobs N] [--twice]   a line a violation; exit code 1 if there is one
 *   simulation --trace SEED                       what happens in a seed
 *   simulation-planted --plants [--seeds A-B]     whether each planted bug is found, and by which seed
 *   simulation-planted --plant NAME --trace SEED
 *
 * --twice runs every seed again with memory laid out otherwise; both must do the same.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/problems.h"
#include "config/policy_file.h"
#include "lines/lines.h"
#include "world.h"
#ifdef SANCTIOND_PLANTED
#include "planted.h"
#endif

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS_MAX = 64, SEED_SECONDS = 120 };

/* What a seed's process tells. */
struct told {
    bool over; /* else it crashed */
    uint64_t hash;
    uint64_t steps;
    uint64_t counts[FAULT_COUNT];
    char violation[512];
};

/* What the jobs tell together. */
struct sum {
    atomic_ullong seeds;
    atomic_ullong violations;
    atomic_ullong steps;
    atomic_ullong counts[FAULT_COUNT];
};

struct command {
    uint64_t first;
    uint64_t last;
    unsigned jobs;
    bool twice;
    bool shown;
    bool plants;
};

static struct policy *policy_kept; /* parsed once: every member reads the same document */
static struct bytes policy_document;

bool __real_policy_parse(const char *name, struct bytes text, struct policy *policy_out,
                         struct problems *problems);
bool __wrap_policy_parse(const char *name, struct bytes text, struct policy *policy_out,
                         struct problems *problems);
bool __wrap_policy_parse(const char *name, struct bytes text, struct policy *policy_out,
                         struct problems *problems)
{
    if (policy_kept != NULL && bytes_equal(text, policy_document)) {
        *policy_out = *policy_kept;
        return true;
    }
    if (!__real_policy_parse(name, text, policy_out, problems)) {
        return false;
    }
    policy_kept = memory_get(sizeof(*policy_kept));
    *policy_kept = *policy_out;
    uint8_t *kept = memory_get(text.size);
    memcpy(kept, text.data, text.size);
    policy_document = bytes_of(kept, text.size);
    return true;
}

static void *shared_get(size_t size)
{
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT(memory != MAP_FAILED);
    return memory;
}

static void environment_open(struct environment *environment)
{
    static const uint8_t seed[32] = {7};
    static struct lines lines;
    struct problems problems = {0};
    struct error error = {0};
    *environment = (struct environment){.config = config_new()};
    environment->config->check_timestamps = false;
    environment->config->time_max_ahead_ms = INT64_C(86400000);
    bool good = engine_codec(environment->config, &environment->codec, &error) == STATUS_OK;
    environment->catalogue = catalogue_read(SOURCE_DIR "/config/notices", &problems);
    good = good && environment->catalogue != NULL &&
           topology_read(SOURCE_DIR "/topologies/sanctions.yaml", &environment->topologies[0],
                         &problems) &&
           topology_read(SOURCE_DIR "/topologies/notices.yaml", &environment->topologies[1],
                         &problems);
    lines = (struct lines){
        .config = environment->config, .codec = environment->codec, .partitions = 1};
    good = good && lines_add_policy(&lines, SOURCE_DIR "/config/policies/default.yaml", -1, &problems);
    ASSERT(good);
    environment->policy = lines.outputs[0];
    environment->keys = key_ring_seeded(seed);
}

/* Runs in the process of the seed. */
static void seed_run(const struct environment *environment, uint64_t seed, bool shown,
                     struct told *told)
{
    world_new(environment, seed, shown);
    world_run();
    told->hash = world->hash;
    told->steps = world->steps;
    memcpy(told->counts, world->counts, sizeof(told->counts));
    memcpy(told->violation, world->violation, sizeof(told->violation));
    told->over = true;
}

static void seed_fork(const struct environment *environment, uint64_t seed,
                      const struct command *command, bool otherwise, struct told *told)
{
    memset(told, 0, sizeof(*told));
    fflush(stdout);
    const pid_t child = fork();
    ASSERT(child >= 0);
    if (child == 0) {
        alarm(SEED_SECONDS);
        if (otherwise) {
            mallopt(M_PERTURB, 0x5a);
            for (size_t size = 1; size < 100000; size += size / 3 + 1) {
                memory_get(size);
            }
        }
        if (command->plants && freopen("/dev/null", "w", stderr) == NULL) {
            _exit(3);
        }
        seed_run(environment, seed, command->shown, told);
        fflush(stdout);
        _exit(0);
    }
    int state = 0;
    while (waitpid(child, &state, 0) < 0) {}
    if (!told->over) {
        snprintf(told->violation, sizeof(told->violation), "%s %d",
                 WIFSIGNALED(state) ? "crashed with signal" : "ended with code",
                 WIFSIGNALED(state) ? WTERMSIG(state) : WEXITSTATUS(state));
    }
}

/* One seed, told as it went. */
static void seed_check(const struct environment *environment, uint64_t seed,
                       const struct command *command, struct told *told)
{
    seed_fork(environment, seed, command, false, told);
    if (command->twice && told->violation[0] == '\0') {
        const struct told first = *told;
        seed_fork(environment, seed, command, true, told);
        if (told->violation[0] == '\0' && told->hash != first.hash) {
            snprintf(told->violation, sizeof(told->violation),
                     "not deterministic: trace %016" PRIx64 ", then %016" PRIx64, first.hash,
                     told->hash);
        }
    }
}

static void sum_add(struct sum *sum, const struct told *told)
{
    atomic_fetch_add(&sum->seeds, 1);
    atomic_fetch_add(&sum->steps, told->steps);
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        atomic_fetch_add(&sum->counts[i], told->counts[i]);
    }
}

static void job_run(const struct environment *environment, const struct command *command,
                    unsigned job, struct sum *sum)
{
    struct told *told = shared_get(sizeof(*told));
    for (uint64_t seed = command->first + job; seed <= command->last; seed += command->jobs) {
        seed_check(environment, seed, command, told);
        sum_add(sum, told);
        if (told->violation[0] != '\0') {
            atomic_fetch_add(&sum->violations, 1);
            printf("seed %" PRIu64 ": %s\n", seed, told->violation);
            fflush(stdout);
        }
        if (command->shown) {
            printf("trace %016" PRIx64 ", %" PRIu64 " steps\n", told->hash, told->steps);
        }
    }
}

static int seeds_run(const struct environment *environment, const struct command *command)
{
    struct sum *sum = shared_get(sizeof(*sum));
    fflush(stdout);
    for (unsigned job = 0; job < command->jobs; job++) {
        const pid_t child = fork();
        ASSERT(child >= 0);
        if (child == 0) {
            job_run(environment, command, job, sum);
            _exit(0);
        }
    }
    while (wait(NULL) > 0) {}
    printf("%llu seeds, %llu violations, %llu steps\n", atomic_load(&sum->seeds),
           atomic_load(&sum->violations), atomic_load(&sum->steps));
    for (size_t i = 0; i < FAULT_COUNT && !command->shown; i++) {
        printf("%s%s %llu", i == 0 ? "faults: " : ", ", fault_name((enum fault)i),
               atomic_load(&sum->counts[i]));
    }
    printf("\n");
    return atomic_load(&sum->violations) == 0 ? 0 : 1;
}

#ifdef SANCTIOND_PLANTED
/* The first seed that finds the bug. */
static bool plant_find(const struct environment *environment, const struct command *command,
                       struct told *told)
{
    for (uint64_t seed = command->first; seed <= command->last; seed++) {
        seed_check(environment, seed, command, told);
        if (told->violation[0] != '\0') {
            printf("%-26s found by seed %" PRIu64 ": %s\n", planted_name(planted_bug), seed,
                   told->violation);
            fflush(stdout);
            return true;
        }
    }
    printf("%-26s NOT FOUND in %" PRIu64 " seeds\n", planted_name(planted_bug),
           command->last - command->first + 1);
    return false;
}

static int plants_run(const struct environment *environment, const struct command *command)
{
    struct told *told = shared_get(sizeof(*told));
    unsigned found = 0;
    for (unsigned i = PLANTED_NONE + 1; i < PLANTED_COUNT; i++) {
        planted_bug = (enum planted)i;
        found += plant_find(environment, command, told);
    }
    printf("%u of %u planted bugs found\n", found, (unsigned)PLANTED_COUNT - 1);
    return found == PLANTED_COUNT - 1 ? 0 : 1;
}

static bool plant_choose(const char *name)
{
    return planted_find(name, &planted_bug);
}
#else
static int plants_run(const struct environment *environment, const struct command *command)
{
    (void)environment;
    (void)command;
    fprintf(stderr, "--plants: only simulation-planted has bugs\n");
    return 2;
}

static bool plant_choose(const char *name)
{
    (void)name;
    return false;
}
#endif

static bool range_parse(const char *text, struct command *command)
{
    char *end = NULL;
    command->first = strtoull(text, &end, 10);
    command->last = command->first;
    if (*end == '-') {
        command->last = strtoull(end + 1, &end, 10);
    }
    return *end == '\0' && command->last >= command->first;
}

static bool option_parse(const char *name, const char *value, struct command *command)
{
    if (strcmp(name, "--seeds") == 0) {
        return range_parse(value, command);
    }
    if (strcmp(name, "--trace") == 0) {
        command->shown = true;
        return range_parse(value, command);
    }
    if (strcmp(name, "--jobs") == 0) {
        command->jobs = (unsigned)strtoul(value, NULL, 10);
        return command->jobs > 0 && command->jobs <= JOBS_MAX;
    }
    return strcmp(name, "--plant") == 0 && plant_choose(value);
}

static bool command_parse(int argc, char **argv, struct command *command)
{
    *command = (struct command){.first = 1, .last = 200, .jobs = 1};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--twice") == 0) {
            command->twice = true;
        } else if (strcmp(argv[i], "--plants") == 0) {
            command->plants = true;
        } else if (i + 1 == argc || !option_parse(argv[i], argv[i + 1], command)) {
            return false;
        } else {
            i++;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct command command;
    if (!command_parse(argc, argv, &command)) {
        fprintf(stderr, "usage: simulation [--seeds A-B] [--jobs N] [--twice] [--trace SEED] "
                        "[--plants] [--plant NAME]\n");
        return 2;
    }
    static struct environment environment;
    environment_open(&environment);
    return command.plants ? plants_run(&environment, &command)
                          : seeds_run(&environment, &command);
}
