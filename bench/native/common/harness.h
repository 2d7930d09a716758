// What the C and C++ peers share: the talk with the runner, the clock and the histogram. For C and C++ alike.
//
// The runner sends a line of JSON for each order on the descriptor that NODE_CHANNEL_FD names, and waits for a line
// with the answer. The orders are flat enough for a search by key.
#pragma once
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define FINE_PER_MS 10000
#define FINE_BUCKETS (100 * FINE_PER_MS)
#define COARSE_PER_MS 10
#define COARSE_BUCKETS (60000 * COARSE_PER_MS)
// With many in flight only one call in 16 is timed, as in the peers of Node.
#define TIMED_OF(in_flight) ((in_flight) == 1 ? 1 : 16)

typedef struct {
  uint32_t *fine;
  uint32_t *coarse;
  uint64_t total;
} Latency;

typedef struct {
  char line[65536];
  char name[32];
} Command;

static inline void harness_fail(const char *what) {
  perror(what);
  exit(1);
}

static inline double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static inline void latency_init(Latency *latency) {
  latency->fine = (uint32_t *)calloc(FINE_BUCKETS, sizeof(uint32_t));
  latency->coarse = (uint32_t *)calloc(COARSE_BUCKETS, sizeof(uint32_t));
  latency->total = 0;
}

static inline void latency_add(Latency *latency, double ms) {
  if (ms < 100) {
    latency->fine[(size_t)(ms * FINE_PER_MS)]++;
  } else {
    size_t bucket = (size_t)(ms * COARSE_PER_MS);
    latency->coarse[bucket < COARSE_BUCKETS ? bucket : COARSE_BUCKETS - 1]++;
  }
  latency->total++;
}

static inline void latency_merge(Latency *into, const Latency *from) {
  for (size_t i = 0; i < FINE_BUCKETS; i++) into->fine[i] += from->fine[i];
  for (size_t i = 0; i < COARSE_BUCKETS; i++) into->coarse[i] += from->coarse[i];
  into->total += from->total;
}

static inline void latency_free(Latency *latency) {
  free(latency->fine);
  free(latency->coarse);
}

// In µs; NULL where nothing was timed, which JSON has no number for.
static inline const char *latency_percentile(const Latency *latency, double share, char *text, size_t size) {
  snprintf(text, size, "null");
  double left = latency->total * share;
  if (latency->total == 0) return text;
  for (size_t i = 0; i < FINE_BUCKETS + COARSE_BUCKETS; i++) {
    left -= i < FINE_BUCKETS ? latency->fine[i] : latency->coarse[i - FINE_BUCKETS];
    if (left > 0) continue;
    double ms = i < FINE_BUCKETS ? (i + 0.5) / FINE_PER_MS : (i - FINE_BUCKETS + 0.5) / COARSE_PER_MS;
    snprintf(text, size, "%.3f", ms * 1000);
    return text;
  }
  return text;
}

// CPU µs so far, of all threads.
static inline double cpu_us(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

static inline double peak_rss(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return used.ru_maxrss * 1024.0;
}

static inline int harness_channel(void) {
  const char *fd = getenv("NODE_CHANNEL_FD");
  return fd ? atoi(fd) : 3;
}

// Waits for the next order. Where the runner is gone there is nothing left to do.
static inline void command_next(Command *command) {
  size_t length = 0;
  do {
    if (length == sizeof command->line) exit(1);
    ssize_t got = read(harness_channel(), command->line + length, sizeof command->line - length);
    if (got <= 0) exit(0);
    length += got;
  } while (command->line[length - 1] != '\n');
  command->line[length - 1] = 0;
  if (sscanf(command->line, "{\"order\":\"%31[a-z]", command->name) != 1) harness_fail("an order without a name");
}

static inline double command_number(const Command *command, const char *key, double absent) {
  char quoted[64];
  snprintf(quoted, sizeof quoted, "\"%s\":", key);
  const char *at = strstr(command->line, quoted);
  return at ? atof(at + strlen(quoted)) : absent;
}

static inline int command_is(const Command *command, const char *key, const char *value) {
  char pair[96];
  snprintf(pair, sizeof pair, "\"%s\":%s", key, value);
  return strstr(command->line, pair) != NULL;
}

// The text to send, which never holds a quote.
static inline void command_text(const Command *command, char *text, size_t size) {
  const char *at = strstr(command->line, "\"text\":\"");
  size_t length = 0;
  for (at = at ? at + 8 : ""; *at && *at != '"' && length + 1 < size; at++) text[length++] = *at;
  text[length] = 0;
}

static inline void answer_json(const char *json) {
  char line[1024];
  int length = snprintf(line, sizeof line, "{\"answer\":%s}\n", json);
  if (write(harness_channel(), line, length) != length) exit(1);
}

static inline void answer_failure(const char *what) {
  char line[1024];
  int length = snprintf(line, sizeof line, "{\"failure\":\"%s\"}\n", what);
  if (write(harness_channel(), line, length) != length) exit(1);
}

static inline void answer_usage(void) {
  char json[128];
  snprintf(json, sizeof json, "{\"cpu\":%.0f,\"peakRss\":%.0f}", cpu_us(), peak_rss());
  answer_json(json);
}

static inline void answer_run(double done, double ms, const Latency *latency, double cpu_before, double bulk_rate) {
  char p50[32], p99[32], bulk[32] = "", json[512];
  latency_percentile(latency, 0.5, p50, sizeof p50);
  latency_percentile(latency, 0.99, p99, sizeof p99);
  double cpu = cpu_us() - cpu_before;
  if (bulk_rate > 0) snprintf(bulk, sizeof bulk, ",\"bulkRate\":%.3f", bulk_rate);
  snprintf(json, sizeof json, "{\"done\":%.0f,\"elapsed\":%.6f,\"p50\":%s,\"p99\":%s,\"cpu\":%.0f,\"peakRss\":%.0f%s}",
           done, ms / 1000, p50, p99, cpu, peak_rss(), bulk);
  answer_json(json);
}

// The orders that are the same for a server and a client. After the last one, which is to close, the runner ends both.
static inline void obey_common(const Command *command) {
  if (strcmp(command->name, "usage") == 0) return answer_usage();
  // What was freed goes back to the system, so that it does not count as what connections hold.
  if (strcmp(command->name, "collect") == 0) malloc_trim(0);
  answer_json("null");
}

// For a server whose own loop runs in other threads.
static inline void serve_orders(void) {
  Command *command = (Command *)malloc(sizeof(Command));
  for (;;) {
    command_next(command);
    obey_common(command);
  }
}

// What a cold client writes once it has its answer.
static inline void write_cold(void) {
  printf("{\"cpu\":%.0f,\"peakRss\":%.0f}\n", cpu_us(), peak_rss());
  fflush(stdout);
}
