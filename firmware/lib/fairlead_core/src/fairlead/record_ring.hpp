#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fairlead/bytes.hpp"
#include "fairlead/record_class.hpp"
#include "fairlead/status.hpp"

namespace fairlead {

/** A record in RAM. The texts point into the ring until its next change. */
struct RingRecord {
  RecordClass cls = RecordClass::Stream;
  bool is_channel = false;  ///< A frame of a binary channel [B-1].
  uint32_t seq = 0;
  uint64_t born_mono_ms = 0;
  std::string_view name;  ///< Event: its name. Latest: its key. Channel: the channel.
  std::string_view json;  ///< Or the payload of a channel.
};

/** Records in the order of their seq, in bytes that somebody else owns. Any of them can be taken out. */
class RecordRing {
 public:
  explicit RecordRing(MutableBytes bytes) : bytes_(bytes) {}
  static size_t bytes_for(size_t name_bytes, size_t json_bytes);

  /** Full: no room, nothing changed. */
  Status append(const RingRecord& record);
  /** Iteration: `at` begins with first(), goes on with next(at), ends at end(). */
  size_t first() const { return begin_; }
  size_t end() const { return end_; }
  size_t next(size_t at) const;
  RingRecord read(size_t at) const;
  void remove(size_t at);
  /** Another value for the record at `at`, which keeps its place and seq. Full: no room, nothing changed. */
  Status replace_value(size_t at, std::string_view json, uint64_t born_mono_ms);

  /** The oldest of a class; end() where there is none. */
  size_t find_oldest(RecordClass cls) const;
  /** The first with a seq above `seq`; end() where there is none. */
  size_t find_after(uint32_t seq) const;
  size_t find_seq(uint32_t seq) const;
  /** The newest Latest record of a key; end() where there is none. */
  size_t find_newest_of_key(std::string_view key) const;

  size_t count() const { return count_; }
  size_t used_bytes() const { return end_ - begin_; }
  size_t capacity_bytes() const { return bytes_.size; }
  void clear() { begin_ = end_ = count_ = 0; }

 private:
  void move_to_front();
  MutableBytes bytes_;
  size_t begin_ = 0, end_ = 0, count_ = 0;
};

}  // namespace fairlead
