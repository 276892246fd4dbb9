#pragma once
#include <nvs.h>

#include <atomic>

#include "fairlead/ports.hpp"

namespace fairlead {

/**
 * A KeyValueStore in an NVS partition of our own. Not the one called `nvs`: the Arduino core erases that one as a
 * whole when it finds it full or of a new version, before setup() runs. NVS locks by itself, so both tasks may call.
 */
class KvNvs final : public KeyValueStore {
 public:
  /** Static texts: the label in the partition table and a namespace of at most 15 characters. */
  KvNvs(const char* partition, const char* name_space) : partition_(partition), name_space_(name_space) {}
  /** NotFound: no such partition. IoError: it cannot be read, and erase_all() is the only way on. */
  Status begin();
  Status get(const char* key, MutableBytes into, size_t& size) override;
  Status put(const char* key, ByteView value) override;
  Status remove(const char* key) override;
  /** Formats the partition and closes it: what the other task still wants to store is refused until begin(). */
  Status erase_all();

 private:
  const char* partition_;
  const char* name_space_;
  nvs_handle_t handle_ = 0;
  std::atomic<bool> open_{false};
};

}  // namespace fairlead
