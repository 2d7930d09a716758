// The floor: frames of a length and a text, echoed, without ids, codec or schema. One thread a side, which takes what a
// read brings and answers it in one write.
#include "../common/harness.h"
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#define HEADER 4
#define READ 65536
#define MOST_FLYING (128 * 1024)

typedef struct {
  int fd;
  // Bytes that were read and are no whole frame yet.
  char *held;
  size_t held_length;
} Connection;

static struct sockaddr_un address_of(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  return address;
}

static void write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(fd, bytes, length);
    if (written < 0) harness_fail("write");
    bytes += written;
    length -= written;
  }
}

static uint32_t length_at(const char *bytes) {
  uint32_t length;
  memcpy(&length, bytes, HEADER);
  return __builtin_bswap32(length);
}

// Reads once. Sets where the whole frames begin, and returns how long they are together; -1 at the end.
static ssize_t read_frames(Connection *connection, char *buffer, size_t size) {
  memcpy(buffer, connection->held, connection->held_length);
  ssize_t got = read(connection->fd, buffer + connection->held_length, size - connection->held_length);
  if (got <= 0) return -1;
  size_t have = connection->held_length + got, end = 0;
  while (end + HEADER <= have && end + HEADER + length_at(buffer + end) <= have) end += HEADER + length_at(buffer + end);
  connection->held_length = have - end;
  memcpy(connection->held, buffer + end, connection->held_length);
  return end;
}

static void connection_init(Connection *connection, int fd) {
  connection->fd = fd;
  connection->held = malloc(READ);
  connection->held_length = 0;
}

static void *serve(void *listener_pointer) {
  int listener = *(int *)listener_pointer, poll = epoll_create1(0);
  static char buffer[2 * READ];
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[64];
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int count = epoll_wait(poll, events, 64, -1);
    for (int i = 0; i < count; i++) {
      Connection *connection = events[i].data.ptr;
      if (!connection) {
        connection = malloc(sizeof(Connection));
        connection_init(connection, accept(listener, NULL, NULL));
        struct epoll_event added = {.events = EPOLLIN, .data.ptr = connection};
        epoll_ctl(poll, EPOLL_CTL_ADD, connection->fd, &added);
        continue;
      }
      ssize_t length = read_frames(connection, buffer, sizeof buffer);
      if (length < 0) {
        close(connection->fd);
        free(connection->held);
        free(connection);
      } else {
        write_all(connection->fd, buffer, length);
      }
    }
  }
  return NULL;
}

static void run_server(const char *path) {
  static int listener;
  Command *command = malloc(sizeof(Command));
  command_next(command);
  struct sockaddr_un address = address_of(path);
  listener = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 511)) harness_fail("listen");
  pthread_t thread;
  pthread_create(&thread, NULL, serve, &listener);
  answer_json("null");
  serve_orders();
}

static int dial(const char *path) {
  struct sockaddr_un address = address_of(path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address)) harness_fail("connect");
  return fd;
}

// Callers that wait in a line at each connection, for answers come in the order of the calls.
typedef struct {
  Connection connection;
  double *started;
  size_t waiting, first;
} Line;

typedef struct {
  Line *lines;
  size_t count;
  int poll;
} Client;

static void client_open(Client *client, const char *path, size_t count) {
  if (!client->lines) {
    client->lines = calloc(4096, sizeof(Line));
    client->poll = epoll_create1(0);
  }
  for (; client->count < count; client->count++) {
    Line *line = &client->lines[client->count];
    connection_init(&line->connection, dial(path));
    struct epoll_event added = {.events = EPOLLIN, .data.ptr = line};
    epoll_ctl(client->poll, EPOLL_CTL_ADD, line->connection.fd, &added);
  }
}

static void run_calls(Client *client, const char *text, size_t in_flight, double seconds) {
  size_t size = strlen(text), frame_size = HEADER + size;
  // Neither side reads while it writes, which is well as long as the sockets hold what is on its way.
  if (in_flight * frame_size > MOST_FLYING) return answer_failure("more in flight than the sockets hold");
  Latency latency;
  latency_init(&latency);
  char *requests = malloc(frame_size * in_flight), *buffer = malloc(2 * READ);
  for (size_t i = 0; i < in_flight; i++) {
    uint32_t length = __builtin_bswap32(size);
    memcpy(requests + i * frame_size, &length, HEADER);
    memcpy(requests + i * frame_size + HEADER, text, size);
  }
  double cpu = cpu_us(), start = now_ms(), end = start + seconds * 1000;
  uint64_t done = 0, sent = 0;
  size_t every = TIMED_OF(in_flight), flying = 0, next = 0;
  for (size_t i = 0; i < client->count; i++) {
    free(client->lines[i].started);
    client->lines[i].started = calloc(in_flight, sizeof(double));
    client->lines[i].waiting = client->lines[i].first = 0;
  }
  // A call that is answered gives its turn to the next connection, so that none is left without calls.
  int *turns = calloc(client->count, sizeof(int));
  for (; flying < in_flight; flying++) turns[next++ % client->count]++;
  struct epoll_event events[64];
  for (;;) {
    for (size_t i = 0; i < client->count; i++) {
      if (!turns[i]) continue;
      Line *line = &client->lines[i];
      for (int k = 0; k < turns[i]; k++) {
        line->started[(line->first + line->waiting++) % in_flight] = sent++ % every == 0 ? now_ms() : 0;
      }
      write_all(line->connection.fd, requests, turns[i] * frame_size);
      turns[i] = 0;
    }
    if (flying == 0) break;
    int count = epoll_wait(client->poll, events, 64, -1);
    int running = now_ms() < end;
    for (int i = 0; i < count; i++) {
      Line *line = events[i].data.ptr;
      ssize_t length = read_frames(&line->connection, buffer, 2 * READ);
      if (length < 0) harness_fail("the server went");
      for (ssize_t at = 0; at < length; at += frame_size) {
        if (length_at(buffer + at) != size || memcmp(buffer + at + HEADER, text, size)) harness_fail("wrong answer");
        double started = line->started[line->first];
        if (started > 0) latency_add(&latency, now_ms() - started);
        line->first = (line->first + 1) % in_flight;
        line->waiting--;
        done++;
        if (running) turns[next++ % client->count]++;
        else flying--;
      }
    }
  }
  answer_run(done, now_ms() - start, &latency, cpu, 0);
  latency_free(&latency);
  free(requests);
  free(buffer);
  free(turns);
}

static void run_client(const char *path) {
  Client client = {0};
  Command *command = malloc(sizeof(Command));
  static char text[65536];
  for (;;) {
    command_next(command);
    if (strcmp(command->name, "open") == 0) {
      client_open(&client, path, command_number(command, "connections", 1));
      answer_json("null");
    } else if (strcmp(command->name, "run") == 0) {
      command_text(command, text, sizeof text);
      run_calls(&client, text, command_number(command, "inFlight", 1), command_number(command, "seconds", 1));
    } else {
      obey_common(command);
    }
  }
}

static void run_cold(const char *path) {
  const char *frame = "\0\0\0\013hello world";
  char buffer[32];
  size_t have = 0;
  int fd = dial(path);
  write_all(fd, frame, 15);
  while (have < 15) {
    ssize_t got = read(fd, buffer + have, sizeof buffer - have);
    if (got <= 0) harness_fail("read");
    have += got;
  }
  if (memcmp(buffer, frame, 15)) harness_fail("wrong answer");
  write_cold();
}

int main(int count, char **args) {
  if (count != 3) return 2;
  if (strcmp(args[1], "server") == 0) run_server(args[2]);
  else if (strcmp(args[1], "client") == 0) run_client(args[2]);
  else run_cold(args[2]);
  return 0;
}
