/* A wall clock that jumps, for one process: preloaded, it adds an offset to what the program is
 * told the time is.
 *
 * The file that the environment variable WALL_CLOCK names holds two native int64: the offset in
 * seconds, which tools/faults changes while the program runs, and a count of answers with an offset
 * that is not 0, so that a jump nobody looked at is not counted as one. Only the wall clock jumps,
 * as on a machine whose clock is set. Waits that end at a time of the wall clock are translated
 * back: a wait that was under way when the clock was set ends as if it had not been.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

/* A time of the monotonic clock is since the start of the machine, one of the wall clock since
 * 1970. */
enum { WALL_SECONDS_MIN = 500000000 };

struct wall_clock {
    _Atomic int64_t offset_s;
    _Atomic int64_t answers;
};

static struct wall_clock none;
static struct wall_clock *wall_clock = &none;

__attribute__((constructor)) static void wall_clock_open(void)
{
    const char *path = getenv("WALL_CLOCK");
    const int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) {
        return;
    }
    void *mapped = mmap(NULL, sizeof(none), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED) {
        wall_clock = mapped;
    }
}

static int64_t offset_now(void)
{
    const int64_t offset_s = atomic_load_explicit(&wall_clock->offset_s, memory_order_relaxed);
    if (offset_s != 0) {
        atomic_fetch_add_explicit(&wall_clock->answers, 1, memory_order_relaxed);
    }
    return offset_s;
}

int clock_gettime(clockid_t clock, struct timespec *time_out)
{
    const int result = (int)syscall(SYS_clock_gettime, clock, time_out);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        time_out->tv_sec += offset_now();
    }
    return result;
}

int gettimeofday(struct timeval *restrict time_out, void *restrict zone)
{
    (void)zone;
    struct timespec now = {0};
    const int result = clock_gettime(CLOCK_REALTIME, &now);
    *time_out = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return result;
}

time_t time(time_t *time_out)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (time_out != NULL) {
        *time_out = now.tv_sec;
    }
    return now.tv_sec;
}

int timespec_get(struct timespec *time_out, int base)
{
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, time_out) == 0 ? base : 0;
}

static struct timespec real_end(const struct timespec *end)
{
    struct timespec real = *end;
    if (real.tv_sec > WALL_SECONDS_MIN) {
        real.tv_sec -= atomic_load_explicit(&wall_clock->offset_s, memory_order_relaxed);
    }
    return real;
}

/* librdkafka waits by this one, RocksDB by the next. */
int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict end)
{
    int (*wait)(cnd_t *, mtx_t *, const struct timespec *) = NULL;
    *(void **)&wait = dlsym(RTLD_NEXT, "cnd_timedwait");
    const struct timespec real = real_end(end);
    return wait(condition, mutex, &real);
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict end)
{
    int (*wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *) = NULL;
    /* Without a version it would be a much older one. */
    *(void **)&wait = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    const struct timespec real = real_end(end);
    return wait(condition, mutex, &real);
}
