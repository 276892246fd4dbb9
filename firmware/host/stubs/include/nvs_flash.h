#pragma once
#include "nvs.h"
extern "C" {
esp_err_t nvs_flash_init_partition(const char* partition_label);
esp_err_t nvs_flash_deinit_partition(const char* partition_label);
esp_err_t nvs_flash_erase_partition(const char* part_name);
}
