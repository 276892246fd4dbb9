#pragma once
#include <chrono>

#include "fairlead/ports.hpp"

namespace fairlead::posix {

/** Time since this object was made, from the monotonic clock. */
class ClockPosix final : public Clock {
 public:
  uint64_t mono_ms() override {
    const auto passed = std::chrono::steady_clock::now() - start_;
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(passed).count());
  }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace fairlead::posix
