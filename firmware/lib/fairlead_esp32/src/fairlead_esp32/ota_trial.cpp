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
  on_trial_ = running != nullptr && esp_ota_get_state_partition(running, &state) == ESP_OK &&
              state == ESP_OTA_IMG_PENDING_VERIFY;
}

void OtaTrial::tick(bool link_up, bool session_ready, uint64_t now_ms) {
  if (!on_trial_) return;
  was_ready_ = was_ready_ || session_ready;
  switch (rule_.check(link_up, session_ready, now_ms)) {
    case TrialVerdict::Wait: break;
    case TrialVerdict::Keep: on_trial_ = esp_ota_mark_app_valid_cancel_rollback() != ESP_OK; break;
    case TrialVerdict::RollBack: (void)esp_ota_mark_app_invalid_rollback_and_reboot(); break;
  }
}

void OtaTrial::before_restart() {
  if (on_trial_ && was_ready_) on_trial_ = esp_ota_mark_app_valid_cancel_rollback() != ESP_OK;
}

}  // namespace fairlead
