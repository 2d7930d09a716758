// gRPC's async server, as its performance notes advise: a completion queue and a thread for each CPU. Its streams go
// without the buffer hint that they advise too: with it each write of 1.51 is told complete late, and a stream stalls.
#include <grpcpp/grpcpp.h>
#include <functional>
#include <memory>
#include <thread>
#include "../common/harness.h"
#include "../common/samples.h"
#include "bench.grpc.pb.h"
#include "bench.h"

using grpc::ServerContext;
using grpc::ServerCompletionQueue;
using grpc::Status;
using Service = bench::Bench::AsyncService;

namespace {

// Slots that wait for a call: as many as are ever in flight, so that none waits for a slot.
constexpr int UNARY_SLOTS = 512;
constexpr int STREAM_SLOTS = 4;

// A call in one slot, from the waiting for it to its end, after which the slot waits for the next.
class Slot {
 public:
  virtual ~Slot() = default;
  virtual void proceed(bool ok) = 0;
};

template <class Request, class Response>
class Unary : public Slot {
 public:
  using Writer = grpc::ServerAsyncResponseWriter<Response>;
  using Wait = std::function<void(ServerContext *, Request *, Writer *, void *)>;
  using Handle = std::function<void(Request &, Response &)>;

  Unary(Wait wait, Handle handle) : wait_(std::move(wait)), handle_(std::move(handle)) { reset(); }

  void proceed(bool ok) override {
    if (answered_ || !ok) return reset();
    answered_ = true;
    handle_(request_, response_);
    writer_->Finish(response_, Status::OK, this);
  }

 private:
  void reset() {
    answered_ = false;
    context_ = std::make_unique<ServerContext>();
    writer_ = std::make_unique<Writer>(context_.get());
    request_.Clear();
    response_.Clear();
    wait_(context_.get(), &request_, writer_.get(), this);
  }

  Wait wait_;
  Handle handle_;
  std::unique_ptr<ServerContext> context_;
  std::unique_ptr<Writer> writer_;
  Request request_;
  Response response_;
  bool answered_ = false;
};

class Rows : public Slot {
 public:
  using Writer = grpc::ServerAsyncWriter<bench::Row>;
  using Wait = std::function<void(ServerContext *, bench::Count *, Writer *, void *)>;

  explicit Rows(Wait wait) : wait_(std::move(wait)) { reset(); }

  void proceed(bool ok) override {
    if (finished_ || !ok) return reset();
    if (id_ == count_.count()) {
      finished_ = true;
      return writer_->Finish(Status::OK, this);
    }
    row_.set_id(id_);
    row_.set_name(row_name(id_++));
    writer_->Write(row_, this);
  }

 private:
  void reset() {
    finished_ = false;
    id_ = 0;
    context_ = std::make_unique<ServerContext>();
    writer_ = std::make_unique<Writer>(context_.get());
    wait_(context_.get(), &count_, writer_.get(), this);
  }

  Wait wait_;
  std::unique_ptr<ServerContext> context_;
  std::unique_ptr<Writer> writer_;
  bench::Count count_;
  bench::Row row_;
  int id_ = 0;
  bool finished_ = false;
};

class Change : public Slot {
 public:
  using Stream = grpc::ServerAsyncReaderWriter<bench::Row, bench::Row>;

  Change(Service *service, ServerCompletionQueue *queue) : service_(service), queue_(queue) { reset(); }

  void proceed(bool ok) override {
    if (state_ == State::finishing) return reset();
    if (state_ == State::reading && !ok) {
      state_ = State::finishing;
      return stream_->Finish(Status::OK, this);
    }
    if (!ok) return reset();
    if (state_ == State::reading) {
      state_ = State::writing;
      row_.set_id(row_.id() + 1);
      stream_->Write(row_, this);
    } else {
      state_ = State::reading;
      stream_->Read(&row_, this);
    }
  }

 private:
  enum class State { waiting, reading, writing, finishing };

  void reset() {
    state_ = State::waiting;
    context_ = std::make_unique<ServerContext>();
    stream_ = std::make_unique<Stream>(context_.get());
    service_->RequestChange(context_.get(), stream_.get(), queue_, queue_, this);
  }

  Service *service_;
  ServerCompletionQueue *queue_;
  std::unique_ptr<ServerContext> context_;
  std::unique_ptr<Stream> stream_;
  bench::Row row_;
  State state_ = State::waiting;
};

std::vector<std::unique_ptr<Slot>> slots_of(Service *service, ServerCompletionQueue *queue) {
  using namespace bench;
  std::vector<std::unique_ptr<Slot>> slots;
  for (int i = 0; i < UNARY_SLOTS; i++) {
    slots.push_back(std::make_unique<Unary<Text, Text>>(
        [=](auto *context, auto *request, auto *writer, void *tag) {
          service->RequestUppercase(context, request, writer, queue, queue, tag);
        },
        [](Text &request, Text &response) { response.set_text(uppercase(std::move(*request.mutable_text()))); }));
    slots.push_back(std::make_unique<Unary<Order, Order>>(
        [=](auto *context, auto *request, auto *writer, void *tag) {
          service->RequestConfirm(context, request, writer, queue, queue, tag);
        },
        [](Order &request, Order &response) {
          response.Swap(&request);
          response.set_id(response.id() + 1);
          response.set_paid(true);
        }));
  }
  for (int i = 0; i < STREAM_SLOTS; i++) {
    slots.push_back(std::make_unique<Unary<Number, Bytes>>(
        [=](auto *context, auto *request, auto *writer, void *tag) {
          service->RequestBlob(context, request, writer, queue, queue, tag);
        },
        [](Number &request, Bytes &response) { response.set_bytes(blob(request.number())); }));
    slots.push_back(std::make_unique<Unary<Bytes, Bytes>>(
        [=](auto *context, auto *request, auto *writer, void *tag) {
          service->RequestEcho(context, request, writer, queue, queue, tag);
        },
        [](Bytes &request, Bytes &response) { response.Swap(&request); }));
    slots.push_back(std::make_unique<Rows>([=](auto *context, auto *request, auto *writer, void *tag) {
      service->RequestRows(context, request, writer, queue, queue, tag);
    }));
    slots.push_back(std::make_unique<Rows>([=](auto *context, auto *request, auto *writer, void *tag) {
      service->RequestRowsAtOnce(context, request, writer, queue, queue, tag);
    }));
    slots.push_back(std::make_unique<Change>(service, queue));
  }
  return slots;
}

}  // namespace

void run_server(const char *path) {
  auto command = std::make_unique<Command>();
  command_next(command.get());
  Service service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(std::string("unix:") + path, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  std::vector<std::unique_ptr<ServerCompletionQueue>> queues;
  for (unsigned i = 0; i < std::thread::hardware_concurrency(); i++) queues.push_back(builder.AddCompletionQueue());
  auto server = builder.BuildAndStart();
  if (!server) return answer_failure("no server");
  for (auto &queue : queues) {
    std::thread([&service, queue = queue.get()] {
      auto slots = slots_of(&service, queue);
      void *tag;
      bool ok;
      while (queue->Next(&tag, &ok)) static_cast<Slot *>(tag)->proceed(ok);
    }).detach();
  }
  answer_json("null");
  serve_orders();
}
