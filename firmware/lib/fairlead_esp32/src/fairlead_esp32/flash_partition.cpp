#include "flash_partition.hpp"

namespace fairlead {
namespace {

/** 0x40 … 0xFE are free for applications; the same number stands in partitions/. */
constexpr esp_partition_subtype_t kSubtype = static_cast<esp_partition_subtype_t>(0x40);

Status status_of(esp_err_t error) { return error == ESP_OK ? Status::Ok : Status::IoError; }

}  // namespace

Status FlashPartition::begin() {
  partition_ = esp_partition_find_first(ESP_PARTITION_TYPE_DATA, kSubtype, label_);
  return partition_ == nullptr ? Status::NotFound : Status::Ok;
}

Status FlashPartition::read(size_t offset, MutableBytes into) {
  if (partition_ == nullptr) return Status::NotReady;
  return status_of(esp_partition_read(partition_, offset, into.data, into.size));
}

Status FlashPartition::program(size_t offset, ByteView bytes) {
  if (partition_ == nullptr) return Status::NotReady;
  return status_of(esp_partition_write(partition_, offset, bytes.data, bytes.size));
}

Status FlashPartition::erase_sector(size_t offset) {
  if (partition_ == nullptr) return Status::NotReady;
  return status_of(esp_partition_erase_range(partition_, offset, kSectorBytes));
}

}  // namespace fairlead
