/*
 * Preloaded into a process (LD_PRELOAD), it makes system calls on chosen files fail, and records every sync.
 * disk-faults.ts compiles it and explains the rules.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RULES_BYTES 4096

static const char *rules;
static int record = -1;

__attribute__((constructor)) static void start(void) {
  const char *rules_path = getenv("DISK_FAULTS_RULES");
  const char *record_path = getenv("DISK_FAULTS_RECORD");
  if (rules_path == NULL || record_path == NULL) return;
  int fd = open(rules_path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    void *mapped = mmap(NULL, RULES_BYTES, PROT_READ, MAP_SHARED, fd, 0);
    if (mapped != MAP_FAILED) rules = mapped;
    close(fd);
  }
  record = open(record_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

/* The path of the open file; empty for a socket or a pipe. */
static void path_of(int fd, char *path, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, size - 1);
  path[length < 0 || path[0] != '/' ? 0 : length] = '\0';
}

static int ends_with(const char *path, const char *end, size_t end_length) {
  size_t length = strlen(path);
  return length >= end_length && memcmp(path + length - end_length, end, end_length) == 0;
}

/* The error that a rule demands for this call, or 0. A rule is a line: call, error number, end of the path. */
static int fault_for(const char *call, const char *path) {
  char copy[RULES_BYTES + 1];
  memcpy(copy, rules, RULES_BYTES);
  copy[RULES_BYTES] = '\0';
  char *rest = NULL;
  for (char *line = strtok_r(copy, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
    char rule_call[16], end[1024];
    int error;
    if (sscanf(line, "%15s %d %1023[^\n]", rule_call, &error, end) != 3) continue;
    if (strcmp(rule_call, call) == 0 && ends_with(path, end, strlen(end))) return error;
  }
  return 0;
}

static int fault_on(const char *call, int fd) {
  if (rules == NULL || rules[0] == '\0') return 0;
  char path[4096] = "";
  path_of(fd, path, sizeof path);
  return path[0] == '\0' ? 0 : fault_for(call, path);
}

static int fail(int error) {
  errno = error;
  return -1;
}

static int synced(const char *name, int fd, int (*real)(int)) {
  int error = fault_on("sync", fd);
  int result = error == 0 ? real(fd) : fail(error);
  int saved = errno;
  if (record >= 0) {
    char path[4096] = "", line[4200];
    path_of(fd, path, sizeof path);
    int length = snprintf(line, sizeof line, "%s %s %s\n", name, result == 0 ? "ok" : "failed", path);
    syscall(SYS_write, record, line, length);
  }
  errno = saved;
  return result;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fsync(int fd) {
  static int (*real)(int);
  if (real == NULL) real = REAL(fsync);
  return synced("fsync", fd, real);
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (real == NULL) real = REAL(fdatasync);
  return synced("fdatasync", fd, real);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  static ssize_t (*real)(int, const void *, size_t);
  if (real == NULL) real = REAL(write);
  int error = fault_on("write", fd);
  return error == 0 ? real(fd, bytes, count) : fail(error);
}

#ifdef __GLIBC__
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  static ssize_t (*real)(int, const void *, size_t, off64_t);
  if (real == NULL) real = REAL(pwrite64);
#else
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
  static ssize_t (*real)(int, const void *, size_t, off_t);
  if (real == NULL) real = REAL(pwrite);
#endif
  int error = fault_on("write", fd);
  return error == 0 ? real(fd, bytes, count, offset) : fail(error);
}
