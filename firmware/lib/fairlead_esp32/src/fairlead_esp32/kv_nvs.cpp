#include "kv_nvs.hpp"

#include <nvs_flash.h>

namespace fairlead {

Status KvNvs::begin() {
  if (open_) return Status::Ok;
  esp_err_t error = nvs_flash_init_partition(partition_);
  if (error == ESP_ERR_NOT_FOUND || error == ESP_ERR_NVS_PART_NOT_FOUND) return Status::NotFound;
  if (error == ESP_OK) error = nvs_open_from_partition(partition_, name_space_, NVS_READWRITE, &handle_);
  open_ = error == ESP_OK;
  return error == ESP_OK ? Status::Ok : Status::IoError;
}

Status KvNvs::get(const char* key, MutableBytes into, size_t& size) {
  size = 0;
  if (!open_) return Status::NotReady;
  size_t stored = into.size;
  const esp_err_t error = nvs_get_blob(handle_, key, into.data, &stored);
  if (error == ESP_ERR_NVS_NOT_FOUND) return Status::NotFound;
  if (error == ESP_ERR_NVS_INVALID_LENGTH) return Status::TooLarge;
  if (error != ESP_OK) return Status::IoError;
  size = stored;
  return Status::Ok;
}

Status KvNvs::put(const char* key, ByteView value) {
  if (!open_) return Status::NotReady;
  esp_err_t error = nvs_set_blob(handle_, key, value.data, value.size);
  if (error == ESP_OK) error = nvs_commit(handle_);
  if (error == ESP_ERR_NVS_NOT_ENOUGH_SPACE) return Status::Full;
  return error == ESP_OK ? Status::Ok : Status::IoError;
}

Status KvNvs::remove(const char* key) {
  if (!open_) return Status::NotReady;
  esp_err_t error = nvs_erase_key(handle_, key);
  if (error == ESP_ERR_NVS_NOT_FOUND) return Status::NotFound;
  if (error == ESP_OK) error = nvs_commit(handle_);
  return error == ESP_OK ? Status::Ok : Status::IoError;
}

Status KvNvs::erase_all() {
  if (open_.exchange(false)) {
    nvs_close(handle_);
    nvs_flash_deinit_partition(partition_);
  }
  return nvs_flash_erase_partition(partition_) == ESP_OK ? Status::Ok : Status::IoError;
}

}  // namespace fairlead
