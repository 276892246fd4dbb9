#pragma once
#include <cstddef>
#include <cstdint>

#include "fairlead/record_class.hpp"

namespace fairlead {

/** Frames of earlier boots that may wait for their acknowledgement at once; the next one waits until one is done. */
constexpr size_t kRebornMax = 32;

/**
 * A binary frame has no place for a boot id, so one that is left from an earlier boot is sent under a number of this
 * one [B-4]. The numbers are set aside before the first record of this boot, since older records are sent first and a
 * lower number that comes later would be taken for a repeat.
 */
class RebornRecords {
 public:
  /** `count` numbers from `first_seq` on. */
  void begin(uint32_t first_seq, uint32_t count);
  /** The number of the record at `position`, always the same one. False: too many await their acknowledgement. */
  bool number(const RecordPosition& position, uint32_t& seq);
  /** Everything of this boot up to `seq` is done. */
  void acknowledge(uint32_t seq);
  /** This one is done. */
  void refuse(uint32_t seq);
  /** Done, or without a number for want of one: it cannot be sent. */
  bool is_done(const RecordPosition& position) const;

 private:
  struct Sent {
    RecordPosition position;
    uint32_t seq = 0;  ///< 0: free.
    bool refused = false;
  };
  const Sent* find(const RecordPosition& position) const;

  Sent sent_[kRebornMax];
  RecordPosition done_;  ///< All up to here are.
  uint32_t next_ = 0, end_ = 0;
};

}  // namespace fairlead
