// gRPC's async client: a completion queue and a thread for each CPU, and the loops shared out among them. Streams are read
// and written by the synchronous calls, with a thread for each direction.
#include <thread>
#include "bench.h"
#include "loops.h"

namespace {

std::unique_ptr<Stub> dial(const std::string &path) {
  grpc::ChannelArguments arguments;
  // Or else all channels of a process share one connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  auto channel = grpc::CreateCustomChannel("unix:" + path, grpc::InsecureChannelCredentials(), arguments);
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10))) {
    throw std::runtime_error("no connection");
  }
  return bench::Bench::NewStub(channel);
}

// A set of loops that run side by side, over all threads. What was done is known once it is joined.
class Work {
 public:
  template <class Kind>
  Work(const Stubs &stubs, const Kind &kind, int in_flight) {
    int count = std::min<int>(in_flight, std::max(1u, std::thread::hardware_concurrency()));
    for (int i = 0; i < count; i++) tallies_.push_back(std::make_unique<Tally>());
    for (int i = 0; i < in_flight; i++) {
      auto &tally = *tallies_[i % count];
      loops_.push_back(std::make_unique<Calls<Kind>>(stubs, tally, kind, i, in_flight));
      tally.active++;
    }
    for (int i = 0; i < count; i++) {
      threads_.emplace_back([this, i, count] {
        for (size_t at = i; at < loops_.size(); at += count) loops_[at]->start();
        auto &tally = *tallies_[i];
        void *tag;
        bool ok;
        while (tally.active > 0 && tally.queue.Next(&tag, &ok)) static_cast<Loop *>(tag)->proceed(ok);
      });
    }
  }

  // Returns what was done.
  uint64_t join(Latency *latency) {
    uint64_t done = 0;
    for (auto &thread : threads_) thread.join();
    for (auto &tally : tallies_) {
      done += tally->done;
      if (latency) latency_merge(latency, &tally->latency);
    }
    return done;
  }

 private:
  std::vector<std::unique_ptr<Tally>> tallies_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::thread> threads_;
};

void sleep_ms(double ms) { std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(ms)); }

template <class Kind>
void run_loops(const Stubs &stubs, const Kind &kind, int in_flight, double seconds) {
  Latency latency;
  latency_init(&latency);
  running = true;
  double cpu = cpu_us(), start = now_ms();
  Work work(stubs, kind, in_flight);
  sleep_ms(seconds * 1000);
  running = false;
  uint64_t done = work.join(&latency);
  answer_run(done, now_ms() - start, &latency, cpu, 0);
  latency_free(&latency);
}

void run_calls_during_bulk(const Stubs &stubs, const std::string &text, int in_flight, double seconds) {
  Latency latency;
  latency_init(&latency);
  running = true;
  double cpu = cpu_us(), start = now_ms();
  Work small(stubs, Uppercase(text), 1);
  Work large(stubs, Blob(), in_flight);
  sleep_ms(seconds * 1000);
  running = false;
  uint64_t done = small.join(&latency);
  double elapsed = now_ms() - start;
  uint64_t blobs = large.join(nullptr);
  answer_run(done, elapsed, &latency, cpu, blobs / ((now_ms() - start) / 1000));
  latency_free(&latency);
}

void take_rows(Stub &stub, int count, bool at_once) {
  ClientContext context;
  bench::Count request;
  request.set_count(count);
  RowCheck check(0);
  bench::Row row;
  auto stream = at_once ? stub.RowsAtOnce(&context, request) : stub.Rows(&context, request);
  while (stream->Read(&row)) check.take(row.id(), row.name());
  if (!stream->Finish().ok()) throw std::runtime_error("the stream failed");
  check.end(count);
}

void change_rows(Stub &stub, int count) {
  ClientContext context;
  auto stream = stub.Change(&context);
  std::thread writer([&stream, count] {
    bench::Row row;
    for (int id = 0; id < count; id++) {
      row.set_id(id);
      row.set_name(row_name(id));
      stream->Write(row, grpc::WriteOptions().set_buffer_hint());
    }
    stream->WritesDone();
  });
  RowCheck check(1);
  bench::Row row;
  while (stream->Read(&row)) check.take(row.id(), row.name());
  writer.join();
  if (!stream->Finish().ok()) throw std::runtime_error("the stream failed");
  check.end(count);
}

// As long a stream as takes a while, which is found while warming up.
template <class Stream>
void run_pieces(double seconds, Stream stream) {
  static int rows = 1000;
  Latency nothing;
  latency_init(&nothing);
  double cpu = cpu_us(), start = now_ms(), now = start;
  uint64_t done = 0;
  do {
    double began = now;
    stream(rows);
    now = now_ms();
    done += rows;
    if (now - began < 100 && rows < 200000) rows *= 2;
  } while (now < start + seconds * 1000);
  answer_run(done, now - start, &nothing, cpu, 0);
  latency_free(&nothing);
}

void run(const Command &command, const Stubs &stubs) {
  static char text[65536];
  command_text(&command, text, sizeof text);
  int in_flight = command_number(&command, "inFlight", 1);
  double seconds = command_number(&command, "seconds", 1);
  auto &stub = *stubs.front();
  if (command_is(&command, "kind", "\"calls\"")) return run_loops(stubs, Uppercase(text), in_flight, seconds);
  if (command_is(&command, "kind", "\"nested\"")) return run_loops(stubs, Confirm(), in_flight, seconds);
  if (command_is(&command, "kind", "\"binary\"")) return run_loops(stubs, Echo(), 1, seconds);
  if (command_is(&command, "kind", "\"bulk\"")) return run_loops(stubs, Blob(), in_flight, seconds);
  if (command_is(&command, "kind", "\"calls-during-bulk\"")) return run_calls_during_bulk(stubs, text, in_flight, seconds);
  if (command_is(&command, "kind", "\"both-ways\"")) {
    return run_pieces(seconds, [&](int count) { change_rows(stub, count); });
  }
  bool at_once = command_is(&command, "atOnce", "true");
  run_pieces(seconds, [&](int count) { take_rows(stub, count, at_once); });
}

}  // namespace

void run_client(const char *path) {
  auto command = std::make_unique<Command>();
  Stubs stubs;
  for (;;) {
    command_next(command.get());
    std::string name = command->name;
    if (name == "open") {
      bench::Text request, response;
      request.set_text("hello world");
      while (stubs.size() < command_number(command.get(), "connections", 1)) {
        stubs.push_back(dial(path));
        ClientContext context;
        if (!stubs.back()->Uppercase(&context, request, &response).ok()) throw std::runtime_error("the call failed");
      }
      answer_json("null");
    } else if (name == "run") {
      run(*command, stubs);
    } else {
      obey_common(command.get());
    }
  }
}

void run_cold(const char *path) {
  ClientContext context;
  bench::Text request, response;
  request.set_text("hello world");
  auto stub = dial(path);
  if (!stub->Uppercase(&context, request, &response).ok() || response.text() != "HELLO WORLD") {
    throw std::runtime_error("wrong answer");
  }
  write_cold();
}
