#pragma once
#include <freertos/FreeRTOS.h>
#include <freertos/task.h>

#include <cstdint>

namespace fairlead {

/** mbedTLS needs about 6 KB in a handshake with a chain of three; Arduino's own loop has 8 KB. */
constexpr uint32_t kNetStackBytes = 10240;
/** Above loop() (1), below the WiFi driver (23) and lwIP (18). */
constexpr UBaseType_t kNetPriority = 2;
constexpr uint32_t kNetPeriodMs = 10;

/** The one task that owns the socket, with a stack in static memory: it may block for as long as a connect takes. */
class NetTask {
 public:
  /** Calls `step(context)` every kNetPeriodMs from a task of its own, for ever. False: it could not be made. */
  bool start(void (*step)(void*), void* context);
  /** Bytes of stack that were never used. */
  uint32_t stack_spare_bytes() const;

 private:
  static void run(void* self);
  void (*step_)(void*) = nullptr;
  void* context_ = nullptr;
  TaskHandle_t handle_ = nullptr;
  StaticTask_t task_;
  StackType_t stack_[kNetStackBytes / sizeof(StackType_t)];
};

}  // namespace fairlead
