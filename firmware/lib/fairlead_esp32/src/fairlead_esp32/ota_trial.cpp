#include "ota_trial.hpp"

#include <esp_ota_ops.h>

/**
 * Without this the Arduino core marks each new image as good before setup() runs, and a rollback never happens. It
 * replaces a weak function, so it must be in an object that is linked anyway: OtaTrial is used by every build.
 */
extern "C" bool verifyRollbackLater() { return true; }

namespace fairlead {

void OtaTrial::begin() {
  esp_ota_img_states_t state = ESP_OTA_IMG_UNDEFINED;
  const esp_partition_t* running = esp_ota_get_running_partition();
  const bool on_trial = running != nullptr && esp_ota_get_state_partition(running, &state) == ESP_OK &&
              state == ESP_OTA_IMG_PENDING_VERIFY;
  on_trial_.store(on_trial, std::memory_order_relaxed);
}

void OtaTrial::tick(bool link_up, bool session_ready, uint64_t now_ms) {
  if (!on_trial()) return;
  if (session_ready) was_ready_.store(true, std::memory_order_relaxed);
  switch (rule_.check(link_up, session_ready, now_ms)) {
    case TrialVerdict::Wait: break;
    case TrialVerdict::Keep: keep(); break;
    case TrialVerdict::RollBack:
      if (on_trial_.exchange(false)) (void)esp_ota_mark_app_invalid_rollback_and_reboot();
      break;
  }
}

/** Whoever ends the trial writes; what could not be written is tried again. */
void OtaTrial::keep() {
  if (!on_trial_.exchange(false)) return;
  if (esp_ota_mark_app_valid_cancel_rollback() != ESP_OK) on_trial_.store(true, std::memory_order_relaxed);
}

void OtaTrial::before_restart() {
  if (was_ready_.load(std::memory_order_relaxed)) keep();
}

}  // namespace fairlead
