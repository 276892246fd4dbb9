#pragma once
#include "fairlead/ports.hpp"

namespace fairlead::posix {

/** The kernel's random numbers. */
class EntropyPosix final : public Entropy {
 public:
  /** Ends the process when the kernel gives none: a predictable boot id or jitter is worse than no device. */
  uint32_t u32() override;
};

}  // namespace fairlead::posix
