#pragma once
#include <cstdint>

#include "fairlead/ports.hpp"

namespace fairlead::fakes {

/** A clock that stands still until a test moves it. */
class FakeClock : public Clock {
 public:
  explicit FakeClock(uint64_t start_ms = 0) : now_ms(start_ms) {}
  uint64_t mono_ms() override { return now_ms; }
  void advance(uint64_t by_ms) { now_ms += by_ms; }

  uint64_t now_ms;
};

/** Arduino's millis(): 32 bits of a FakeClock, so it wraps after 49.7 days. */
class FakeMillis {
 public:
  explicit FakeMillis(const FakeClock& clock) : clock_(clock) {}
  uint32_t operator()() const { return static_cast<uint32_t>(clock_.now_ms); }

 private:
  const FakeClock& clock_;
};

}  // namespace fairlead::fakes
