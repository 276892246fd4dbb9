#include "ota_trial.hpp"

namespace fairlead {

TrialVerdict TrialRule::check(bool link_up, bool session_ready, uint64_t now_ms) {
  if (!began_) {
    began_ = true;
    began_ms_ = last_ms_ = now_ms;
  }
  const uint64_t passed_ms = now_ms - last_ms_;
  last_ms_ = now_ms;
  if (link_up) link_up_ms_ += passed_ms;
  ready_ms_ = session_ready ? ready_ms_ + passed_ms : 0;
  if (ready_ms_ >= kTrialReadyMs) return TrialVerdict::Keep;
  if (session_ready) return TrialVerdict::Wait;
  if (link_up_ms_ >= kTrialLinkUpMs || now_ms - began_ms_ >= kTrialNoLinkMs) return TrialVerdict::RollBack;
  return TrialVerdict::Wait;
}

}  // namespace fairlead
