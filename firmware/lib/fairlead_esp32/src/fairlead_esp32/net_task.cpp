#include "net_task.hpp"

#include <sdkconfig.h>

namespace fairlead {
namespace {

/** Core 0, beside WiFi and lwIP, so that loop() has core 1 for itself; the C3 has only one. */
constexpr BaseType_t kCore = 0;

}  // namespace

bool NetTask::start(void (*step)(void*), void* context) {
  step_ = step;
  context_ = context;
  // In ESP-IDF a stack is counted in bytes.
  handle_ = xTaskCreateStaticPinnedToCore(&NetTask::run, "fairlead", kNetStackBytes, this, kNetPriority, stack_, &task_, kCore);
  return handle_ != nullptr;
}

void NetTask::run(void* self) {
  NetTask& task = *static_cast<NetTask*>(self);
  for (;;) {
    task.step_(task.context_);
    vTaskDelay(pdMS_TO_TICKS(kNetPeriodMs));
  }
}

uint32_t NetTask::stack_spare_bytes() const {
  return handle_ == nullptr ? 0 : static_cast<uint32_t>(uxTaskGetStackHighWaterMark(handle_));
}

}  // namespace fairlead
