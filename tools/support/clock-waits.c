/*
 * Preloaded beside libfaketime, it makes waits of C11 threads follow the stepped clock. libfaketime does not know cnd_timedwait,
 * which librdkafka waits with: a wait that begins while the stepped clock is a day ahead would take a day. As in the kernel, a wait
 * ends when the wall clock shows the given time, so a step back makes it longer. stepped-clock.ts compiles it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <threads.h>
#include <time.h>

#define SECOND_NS 1000000000L
/* How long a wait may take to see a step. */
#define SLICE_NS 20000000L

static struct timespec after(struct timespec from, long ns) {
  from.tv_nsec += ns;
  from.tv_sec += from.tv_nsec / SECOND_NS;
  from.tv_nsec %= SECOND_NS;
  return from;
}

/* Nanoseconds until then, at most one slice; 0 when it has passed. */
static long remaining(const struct timespec *then) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  long seconds = then->tv_sec - now.tv_sec;
  if (seconds > 1) return SLICE_NS;
  if (seconds < -1) return 0;
  long ns = seconds * SECOND_NS + then->tv_nsec - now.tv_nsec;
  if (ns <= 0) return 0;
  return ns < SLICE_NS ? ns : SLICE_NS;
}

/* glibc's C11 conditions and mutexes are those of its POSIX threads. */
int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *then) {
  for (;;) {
    long ns = remaining(then);
    if (ns == 0) return thrd_timedout;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct timespec until = after(now, ns);
    int result = pthread_cond_clockwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, CLOCK_MONOTONIC, &until);
    if (result != ETIMEDOUT) return result == 0 ? thrd_success : thrd_error;
  }
}
