#pragma once
#include <esp_partition.h>

#include "fairlead/ports.hpp"

namespace fairlead {

/** The raw flash under the outbox's log: a data partition of subtype 0x40, no file system. */
class FlashPartition final : public FlashRegion {
 public:
  explicit FlashPartition(const char* label) : label_(label) {}
  /** NotFound: the partition table has none; the outbox then lives in RAM alone. */
  Status begin();
  size_t size() const override { return partition_ == nullptr ? 0 : partition_->size; }
  size_t sector_size() const override { return kSectorBytes; }
  Status read(size_t offset, MutableBytes into) override;
  Status program(size_t offset, ByteView bytes) override;
  Status erase_sector(size_t offset) override;

 private:
  static constexpr size_t kSectorBytes = 4096;  ///< The smallest piece that SPI NOR erases.
  const char* label_;
  const esp_partition_t* partition_ = nullptr;
};

}  // namespace fairlead
