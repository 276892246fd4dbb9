#pragma once
#include <atomic>
#include <cstdint>

namespace fairlead {

/** How long a new image may be reachable by nobody before the old one comes back, counted while the link is up. */
constexpr uint64_t kTrialLinkUpMs = 10 * 60 * 1000;
/** And when there is no link at all: an outage is not the image's fault, but it must not stay on trial for ever. */
constexpr uint64_t kTrialNoLinkMs = 60 * 60 * 1000;
/** A session that was ready for so long proves that the image can be reached and replaced. */
constexpr uint64_t kTrialReadyMs = 60 * 1000;

enum class TrialVerdict : uint8_t { Wait, Keep, RollBack };

/** Decides on an image that the bootloader holds on trial. No hardware here. */
class TrialRule {
 public:
  TrialVerdict check(bool link_up, bool session_ready, uint64_t now_ms);

 private:
  bool began_ = false;
  uint64_t began_ms_ = 0, last_ms_ = 0, link_up_ms_ = 0, ready_ms_ = 0;
};

/**
 * The image on trial, if there is one. Linked into every build: see verifyRollbackLater() beside it. tick() belongs to
 * the network's task; before_restart() may come from any, and only one of them writes the verdict.
 */
class OtaTrial {
 public:
  /** Reads whether this boot is a trial. */
  void begin();
  /** Keeps the image or goes back to the old one, which restarts. */
  void tick(bool link_up, bool session_ready, uint64_t now_ms);
  /** Before a planned restart or deep sleep: the image goes on as good when it was ready once. */
  void before_restart();
  bool on_trial() const { return on_trial_.load(std::memory_order_relaxed); }

 private:
  void keep();
  TrialRule rule_;
  std::atomic<bool> on_trial_{false};
  std::atomic<bool> was_ready_{false};
};

}  // namespace fairlead
