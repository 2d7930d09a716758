// What the C++ peers send and check, the same as the peers of Node do.
#pragma once
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

constexpr size_t BLOB_BYTES = 1 << 20;
constexpr int BLOBS = 8;

inline char byte_at(int number, size_t at) { return (number * 31 + at + (at >> 8) + (at >> 16)) & 255; }

inline const std::string &blob(int number) {
  static const std::vector<std::string> made = [] {
    std::vector<std::string> all(BLOBS, std::string(BLOB_BYTES, 0));
    for (int number = 0; number < BLOBS; number++) {
      for (size_t at = 0; at < BLOB_BYTES; at++) all[number][at] = byte_at(number, at);
    }
    return all;
  }();
  return made.at(number);
}

inline void check_blob(const char *bytes, size_t length, int number) {
  if (length != BLOB_BYTES) throw std::runtime_error("wrong length");
  for (size_t at = 0; at < BLOB_BYTES; at += 16383) {
    if (bytes[at] != byte_at(number, at)) throw std::runtime_error("wrong byte");
  }
  if (bytes[BLOB_BYTES - 1] != byte_at(number, BLOB_BYTES - 1)) throw std::runtime_error("wrong byte");
}

inline std::string uppercase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

inline std::string row_name(int id) { return "row " + std::to_string(id); }

// Takes rows that must come in order: it looks at every id, and at one name in 64.
class RowCheck {
 public:
  explicit RowCheck(int first_id) : first_id_(first_id) {}
  void take(int id, const std::string &name) {
    int at = taken_++;
    if (id != first_id_ + at || (at % 64 == 0 && name != row_name(at))) throw std::runtime_error("wrong row");
  }
  void end(int count) const {
    if (taken_ != count) throw std::runtime_error("not all rows came");
  }

 private:
  int first_id_;
  int taken_ = 0;
};

struct SampleItem {
  std::string sku, title;
  int quantity;
  double price;
  bool gift;
  double width, height, depth;
};

inline const std::vector<SampleItem> &items() {
  static const std::vector<SampleItem> all = [] {
    const char *titles[] = {"Punched cards", "Brass gears",   "Crank handle",
                            "Printing ink",  "Number wheels", "Oil, half a pint"};
    std::vector<SampleItem> made;
    for (int i = 0; i < 6; i++) {
      made.push_back({"AE-" + std::to_string(1837 + i), titles[i], i + 1, 10.25 + i * 12.5, i == 2, 10.0 + i, 20.0 + i,
                      5.5});
    }
    return made;
  }();
  return all;
}
