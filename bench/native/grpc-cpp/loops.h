// Loops that each make one call after the other, driven by the completion queue of their thread.
#pragma once
#include <grpcpp/grpcpp.h>
#include <atomic>
#include <memory>
#include <optional>
#include "../common/harness.h"
#include "kinds.h"

using Stubs = std::vector<std::unique_ptr<Stub>>;

// What the loops of one thread count.
struct Tally {
  Tally() { latency_init(&latency); }
  ~Tally() { latency_free(&latency); }
  CompletionQueue queue;
  Latency latency;
  uint64_t done = 0;
  int active = 0;
};

class Loop {
 public:
  virtual ~Loop() = default;
  virtual void start() = 0;
  virtual void proceed(bool ok) = 0;
};

inline std::atomic<bool> running;

// Makes one call after the other. Of `Kind` it has what to send, how, and what is right.
template <class Kind>
class Calls : public Loop {
 public:
  Calls(const Stubs &stubs, Tally &tally, const Kind &kind, int first, int in_flight)
      : stubs_(stubs), tally_(tally), kind_(kind), first_(first), in_flight_(in_flight), number_(first) {
    every_ = Kind::times_all ? 1 : TIMED_OF(in_flight);
    until_timed_ = first % every_;
    at_ = first % stubs.size();
  }

  void start() override {
    timed_ = until_timed_ == 0;
    until_timed_ = timed_ ? every_ - 1 : until_timed_ - 1;
    auto &stub = *stubs_[at_];
    at_ = at_ + in_flight_ < stubs_.size() ? at_ + in_flight_ : first_ % stubs_.size();
    kind_.prepare(request_, number_);
    if (timed_) started_ = now_ms();
    context_.emplace();
    reader_ = Kind::call(stub, &*context_, request_, &tally_.queue);
    reader_->Finish(&response_, &status_, this);
  }

  void proceed(bool) override {
    if (!status_.ok()) throw std::runtime_error(status_.error_message());
    if (timed_) latency_add(&tally_.latency, now_ms() - started_);
    kind_.check(response_, number_);
    tally_.done++;
    number_ += in_flight_;
    if (running.load(std::memory_order_relaxed)) start();
    else tally_.active--;
  }

 private:
  const Stubs &stubs_;
  Tally &tally_;
  Kind kind_;
  int first_, in_flight_, number_, every_, until_timed_;
  size_t at_;
  bool timed_ = false;
  double started_ = 0;
  typename Kind::Request request_;
  typename Kind::Response response_;
  std::optional<ClientContext> context_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<typename Kind::Response>> reader_;
  grpc::Status status_;
};
