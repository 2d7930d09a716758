// What a call sends, how, and what is right: a struct for each method of one request and one response.
#pragma once
#include <grpcpp/grpcpp.h>
#include "../common/samples.h"
#include "bench.grpc.pb.h"

using Stub = bench::Bench::Stub;
using grpc::ClientContext;
using grpc::CompletionQueue;

struct Uppercase {
  using Request = bench::Text;
  using Response = bench::Text;
  static constexpr bool times_all = false;
  std::string text, expected;
  explicit Uppercase(std::string given) : text(given), expected(uppercase(given)) {}
  static auto call(Stub &stub, ClientContext *context, const Request &request, CompletionQueue *queue) {
    return stub.AsyncUppercase(context, request, queue);
  }
  void prepare(Request &request, int) const { request.set_text(text); }
  void check(const Response &response, int) const {
    if (response.text() != expected) throw std::runtime_error("wrong answer");
  }
};

struct Confirm {
  using Request = bench::Order;
  using Response = bench::Order;
  static constexpr bool times_all = true;
  static auto call(Stub &stub, ClientContext *context, const Request &request, CompletionQueue *queue) {
    return stub.AsyncConfirm(context, request, queue);
  }
  void prepare(Request &order, int number) const {
    order.Clear();
    order.set_id(number);
    order.set_reference("order " + std::to_string(number));
    order.set_paid(number % 2 == 0);
    auto *customer = order.mutable_customer();
    customer->set_name("Ada Lovelace");
    customer->set_email("ada@example.org");
    auto *address = customer->mutable_address();
    address->set_street("12 St James Square");
    address->set_city("London");
    address->set_postcode("SW1Y 4JH");
    address->set_country("GB");
    for (auto *tag : {"regular", "newsletter", "invoice"}) customer->add_tags(tag);
    for (auto &from : items()) {
      auto *item = order.add_items();
      item->set_sku(from.sku);
      item->set_title(from.title);
      item->set_quantity(from.quantity);
      item->set_price(from.price);
      item->set_gift(from.gift);
      item->mutable_box()->set_width(from.width);
      item->mutable_box()->set_height(from.height);
      item->mutable_box()->set_depth(from.depth);
    }
    order.mutable_total()->set_net(461.5);
    order.mutable_total()->set_tax(92.3);
    order.mutable_total()->set_currency("GBP");
  }
  void check(const Response &order, int number) const {
    bool right = order.id() == number + 1 && order.paid() && order.reference() == "order " + std::to_string(number) &&
                 order.customer().address().country() == "GB" && order.items_size() == 6 &&
                 order.items(5).price() == items()[5].price && order.total().currency() == "GBP";
    if (!right) throw std::runtime_error("wrong answer to an order");
  }
};

struct Blob {
  using Request = bench::Number;
  using Response = bench::Bytes;
  static constexpr bool times_all = true;
  static auto call(Stub &stub, ClientContext *context, const Request &request, CompletionQueue *queue) {
    return stub.AsyncBlob(context, request, queue);
  }
  void prepare(Request &request, int number) const { request.set_number(number % BLOBS); }
  void check(const Response &response, int number) const {
    check_blob(response.bytes().data(), response.bytes().size(), number % BLOBS);
  }
};

struct Echo {
  using Request = bench::Bytes;
  using Response = bench::Bytes;
  static constexpr bool times_all = true;
  static auto call(Stub &stub, ClientContext *context, const Request &request, CompletionQueue *queue) {
    return stub.AsyncEcho(context, request, queue);
  }
  void prepare(Request &request, int number) const { request.set_bytes(blob(number % BLOBS)); }
  void check(const Response &response, int number) const {
    check_blob(response.bytes().data(), response.bytes().size(), number % BLOBS);
  }
};
