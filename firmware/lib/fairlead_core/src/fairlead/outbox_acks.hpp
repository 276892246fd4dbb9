#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fairlead/limits.hpp"

namespace fairlead {

/** Earlier boots whose acknowledgements may come before those of a boot before them: the gateway remembers 4. */
constexpr size_t kAckedBootsMax = 8;
/** Refused records that wait for an older one to be acknowledged. */
constexpr size_t kRefusedMax = 16;

/**
 * What the gateway said about records in flash, which cannot be marked there one by one. Bounded: what is forgotten
 * here is sent again, and the gateway takes it for the repeat that it is.
 */
class OutboxAcks {
 public:
  /** Everything of `boot` up to `seq` is done. */
  void acknowledge(std::string_view boot, uint32_t seq);
  void refuse(std::string_view boot, uint32_t seq);
  bool is_done(std::string_view boot, uint32_t seq) const;
  void clear();

 private:
  struct Boot {
    char id[limits::kBootIdMaxBytes + 1] = {};
    uint32_t seq = 0;
    uint32_t used = 0;
  };
  struct Refused {
    char id[limits::kBootIdMaxBytes + 1] = {};
    uint32_t seq = 0;
  };
  Boot boots_[kAckedBootsMax];
  Refused refused_[kRefusedMax];
  uint32_t uses_ = 0;
  size_t next_refused_ = 0;
};

}  // namespace fairlead
