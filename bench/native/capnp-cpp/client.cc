// Cap'n Proto's client by its EzRpc: one event loop in one thread, and loops of promises.
#include <capnp/ez-rpc.h>
#include <functional>
#include <memory>
#include "../common/harness.h"
#include "../common/samples.h"
#include "bench.capnp.h"
#include "bench.h"

namespace {

struct Connection {
  explicit Connection(const std::string &path) : client("unix:" + path), bench(client.getMain<Bench>()) {}
  capnp::EzRpcClient client;
  Bench::Client bench;
};

using Connections = std::vector<std::unique_ptr<Connection>>;
using Step = std::function<kj::Promise<void>(int number)>;

kj::ArrayPtr<const kj::byte> bytes_of(const std::string &text) {
  return kj::arrayPtr(reinterpret_cast<const kj::byte *>(text.data()), text.size());
}

void check_bytes(capnp::Data::Reader bytes, int number) {
  check_blob(reinterpret_cast<const char *>(bytes.begin()), bytes.size(), number % BLOBS);
}

Step calls(Connections &connections, const std::string &text) {
  return [&connections, text, expected = uppercase(text)](int number) {
    auto request = connections[number % connections.size()]->bench.uppercaseRequest();
    request.setText(text.c_str());
    return request.send().then([&expected](auto &&response) {
      if (expected != response.getText().cStr()) throw std::runtime_error("wrong answer");
    });
  };
}

Step bulk(Connections &connections) {
  return [&connections](int number) {
    auto request = connections.front()->bench.blobRequest();
    request.setNumber(number % BLOBS);
    return request.send().then([number](auto &&response) { check_bytes(response.getBytes(), number); });
  };
}

Step binary(Connections &connections) {
  return [&connections](int number) {
    auto request = connections.front()->bench.echoRequest();
    request.setBytes(bytes_of(blob(number % BLOBS)));
    return request.send().then([number](auto &&response) { check_bytes(response.getBytes(), number); });
  };
}

void fill(Order::Builder order, int number) {
  order.setId(number);
  order.setReference("order " + std::to_string(number));
  order.setPaid(number % 2 == 0);
  auto customer = order.initCustomer();
  customer.setName("Ada Lovelace");
  customer.setEmail("ada@example.org");
  auto address = customer.initAddress();
  address.setStreet("12 St James Square");
  address.setCity("London");
  address.setPostcode("SW1Y 4JH");
  address.setCountry("GB");
  auto tags = customer.initTags(3);
  tags.set(0, "regular");
  tags.set(1, "newsletter");
  tags.set(2, "invoice");
  auto all = order.initItems(items().size());
  for (size_t i = 0; i < items().size(); i++) {
    auto &from = items()[i];
    all[i].setSku(from.sku);
    all[i].setTitle(from.title);
    all[i].setQuantity(from.quantity);
    all[i].setPrice(from.price);
    all[i].setGift(from.gift);
    auto box = all[i].initBox();
    box.setWidth(from.width);
    box.setHeight(from.height);
    box.setDepth(from.depth);
  }
  auto total = order.initTotal();
  total.setNet(461.5);
  total.setTax(92.3);
  total.setCurrency("GBP");
}

Step nested(Connections &connections) {
  return [&connections](int number) {
    auto request = connections.front()->bench.confirmRequest();
    fill(request.initOrder(), number);
    return request.send().then([number](auto &&response) {
      auto order = response.getOrder();
      bool right = order.getId() == number + 1 && order.getPaid() &&
                   order.getReference() == kj::StringPtr("order " + std::to_string(number)) &&
                   order.getCustomer().getAddress().getCountry() == "GB" && order.getItems().size() == 6 &&
                   order.getItems()[5].getPrice() == items()[5].price && order.getTotal().getCurrency() == "GBP";
      if (!right) throw std::runtime_error("wrong answer to an order");
    });
  };
}

// Loops that each do one step after the other until the time is up, and the last to its end.
class Loops {
 public:
  Loops(Step step, int in_flight, int every, double seconds)
      : step_(std::move(step)), in_flight_(in_flight), every_(every), end_(now_ms() + seconds * 1000) {
    latency_init(&latency);
  }
  ~Loops() { latency_free(&latency); }

  kj::Promise<void> all() {
    auto loops = kj::heapArrayBuilder<kj::Promise<void>>(in_flight_);
    for (int i = 0; i < in_flight_; i++) loops.add(next(i, i % every_));
    return kj::joinPromises(loops.finish());
  }

  Latency latency;
  double done = 0;

 private:
  kj::Promise<void> next(int number, int until_timed) {
    bool timed = until_timed == 0;
    double started = timed ? now_ms() : 0;
    return step_(number).then([this, number, until_timed, timed, started]() -> kj::Promise<void> {
      double now = timed || (int)done % 64 == 0 ? now_ms() : 0;
      if (timed) latency_add(&latency, now - started);
      done++;
      if (now > end_) over_ = true;
      if (over_) return kj::READY_NOW;
      return next(number + in_flight_, timed ? every_ - 1 : until_timed - 1);
    });
  }

  Step step_;
  int in_flight_, every_;
  double end_;
  bool over_ = false;
};

void run(const Command &command, Connections &connections) {
  static char text[65536];
  command_text(&command, text, sizeof text);
  int in_flight = command_number(&command, "inFlight", 1);
  double seconds = command_number(&command, "seconds", 1);
  auto &scope = connections.front()->client.getWaitScope();
  auto is = [&command](const char *kind) { return command_is(&command, "kind", kind); };
  double cpu = cpu_us(), start = now_ms();
  if (is("\"calls-during-bulk\"")) {
    Loops small(calls(connections, text), 1, 1, seconds), large(bulk(connections), in_flight, 1, seconds);
    auto beside = large.all();
    small.all().wait(scope);
    double elapsed = now_ms() - start;
    beside.wait(scope);
    return answer_run(small.done, elapsed, &small.latency, cpu, large.done / ((now_ms() - start) / 1000));
  }
  if (is("\"binary\"")) in_flight = 1;
  bool is_calls = is("\"calls\"");
  auto step = is_calls ? calls(connections, text)
              : is("\"nested\"") ? nested(connections)
              : is("\"binary\"") ? binary(connections)
                                 : bulk(connections);
  Loops loops(std::move(step), in_flight, is_calls ? TIMED_OF(in_flight) : 1, seconds);
  loops.all().wait(scope);
  answer_run(loops.done, now_ms() - start, &loops.latency, cpu, 0);
}

// Connected, and its one call answered right.
std::unique_ptr<Connection> dial(const char *path) {
  auto made = std::make_unique<Connection>(path);
  auto request = made->bench.uppercaseRequest();
  request.setText("hello world");
  if (request.send().wait(made->client.getWaitScope()).getText() != "HELLO WORLD") {
    throw std::runtime_error("wrong answer");
  }
  return made;
}

}  // namespace

void run_client(const char *path) {
  auto command = std::make_unique<Command>();
  Connections connections;
  for (;;) {
    command_next(command.get());
    if (strcmp(command->name, "open") == 0) {
      while (connections.size() < command_number(command.get(), "connections", 1)) connections.push_back(dial(path));
      answer_json("null");
    } else if (strcmp(command->name, "run") == 0) {
      run(*command, connections);
    } else {
      obey_common(command.get());
    }
  }
}

void run_cold(const char *path) {
  auto connection = dial(path);
  write_cold();
}
