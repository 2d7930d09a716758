// Cap'n Proto's server by its EzRpc, one event loop in one thread, as its documentation begins.
#include <capnp/ez-rpc.h>
#include <memory>
#include <thread>
#include "../common/harness.h"
#include "../common/samples.h"
#include "bench.capnp.h"
#include "bench.h"

namespace {

class BenchServer final : public Bench::Server {
  kj::Promise<void> uppercase(UppercaseContext context) override {
    auto text = context.getParams().getText();
    auto upper = context.getResults().initText(text.size());
    for (size_t i = 0; i < text.size(); i++) upper[i] = std::toupper(static_cast<unsigned char>(text[i]));
    return kj::READY_NOW;
  }

  kj::Promise<void> confirm(ConfirmContext context) override {
    context.getResults().setOrder(context.getParams().getOrder());
    auto order = context.getResults().getOrder();
    order.setId(order.getId() + 1);
    order.setPaid(true);
    return kj::READY_NOW;
  }

  kj::Promise<void> blob(BlobContext context) override {
    auto &bytes = ::blob(context.getParams().getNumber());
    context.getResults().setBytes(kj::arrayPtr(reinterpret_cast<const kj::byte *>(bytes.data()), bytes.size()));
    return kj::READY_NOW;
  }

  kj::Promise<void> echo(EchoContext context) override {
    context.getResults().setBytes(context.getParams().getBytes());
    return kj::READY_NOW;
  }
};

}  // namespace

void run_server(const char *path) {
  auto command = std::make_unique<Command>();
  command_next(command.get());
  capnp::EzRpcServer server(kj::heap<BenchServer>(), kj::str("unix:", path));
  auto &scope = server.getWaitScope();
  // It has a port once it listens.
  server.getPort().wait(scope);
  answer_json("null");
  std::thread(serve_orders).detach();
  kj::NEVER_DONE.wait(scope);
}
