#pragma once
#include <string>

#include "fairlead/ports.hpp"

namespace fairlead::posix {

/**
 * One file per key in a folder that exists. A value is written beside, synced and renamed, so a power cut leaves the
 * old or the new one.
 */
class StoreFile final : public KeyValueStore {
 public:
  explicit StoreFile(std::string folder) : folder_(std::move(folder)) {}
  Status get(const char* key, MutableBytes into, size_t& size) override;
  Status put(const char* key, ByteView value) override;
  Status remove(const char* key) override;

 private:
  std::string path_of(const char* key) const;
  Status sync_folder() const;
  const std::string folder_;
};

}  // namespace fairlead::posix
