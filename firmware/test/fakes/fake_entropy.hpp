#pragma once
#include <cstdint>

#include "fairlead/ports.hpp"

namespace fairlead::fakes {

/** Numbers that look random and are the same for the same seed (splitmix64). */
class FakeEntropy : public Entropy {
 public:
  explicit FakeEntropy(uint64_t seed = 1) : state_(seed) {}
  uint32_t u32() override {
    state_ += 0x9E3779B97F4A7C15ULL;
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
    return static_cast<uint32_t>((mixed ^ (mixed >> 31)) >> 32);
  }
  /** Evenly enough in 0 … bound − 1. */
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>((static_cast<uint64_t>(u32()) * bound) >> 32); }
  bool chance(uint32_t percent) { return below(100) < percent; }

 private:
  uint64_t state_;
};

}  // namespace fairlead::fakes
