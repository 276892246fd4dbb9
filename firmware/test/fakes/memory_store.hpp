#pragma once
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "fairlead/ports.hpp"

namespace fairlead::fakes {

/**
 * A KeyValueStore in memory. `cut_power_at(n, after)` kills it at the n-th write from now (1 = the next): with
 * `after` the write is done and its caller never learns so, else it is not done. A dead store fails every call until
 * power_on().
 */
class MemoryStore : public KeyValueStore {
 public:
  Status get(const char* key, MutableBytes into, size_t& size) override {
    if (!powered) return Status::IoError;
    const auto found = values.find(key);
    if (found == values.end()) return Status::NotFound;
    if (found->second.size() > into.size) return Status::TooLarge;
    size = found->second.size();
    if (size > 0) std::memcpy(into.data, found->second.data(), size);
    return Status::Ok;
  }

  Status put(const char* key, ByteView value) override {
    if (std::strlen(key) == 0 || std::strlen(key) > 15) return Status::Invalid;
    return write([&] {
      values[key].assign(value.data, value.data + value.size);
      bytes_written += value.size;
      ++writes_of[key];
    });
  }

  Status remove(const char* key) override {
    if (powered && values.count(key) == 0) return Status::NotFound;
    return write([&] { values.erase(key); });
  }

  void cut_power_at(uint32_t write_from_now, bool after) {
    cut_in_ = write_from_now;
    cut_after_ = after;
  }
  void power_on() {
    powered = true;
    cut_in_ = 0;
  }

  std::map<std::string, std::vector<uint8_t>> values;
  std::map<std::string, uint32_t> writes_of;
  uint32_t writes = 0;
  uint64_t bytes_written = 0;
  /** The next writes fail, the power stays. */
  uint32_t failing_writes = 0;
  bool powered = true;

 private:
  template <typename Change>
  Status write(Change change) {
    if (!powered) return Status::IoError;
    if (failing_writes > 0) {
      --failing_writes;
      return Status::IoError;
    }
    const bool dies = cut_in_ > 0 && --cut_in_ == 0;
    if (!dies || cut_after_) {
      change();
      ++writes;
    }
    if (dies) powered = false;
    return dies ? Status::IoError : Status::Ok;
  }

  uint32_t cut_in_ = 0;
  bool cut_after_ = false;
};

}  // namespace fairlead::fakes
