#pragma once
#include <cstdint>

namespace fairlead {

/** A sketch whose loop() hangs for this long is restarted; long enough for a slow sensor, short enough for a field. */
constexpr uint32_t kLoopWatchdogS = 30;
/** A connect may take DNS 31 s + TCP 5 s + TLS 120 s + answer 5 s; beyond that the network's task is stuck. */
constexpr uint64_t kNetworkSilenceMs = 180000;

/** Puts the calling task under the task watchdog; it has to call feed_watchdog() from then on. */
void watch_this_task();
void feed_watchdog();

}  // namespace fairlead
