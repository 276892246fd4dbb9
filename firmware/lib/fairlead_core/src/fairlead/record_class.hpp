#pragma once
#include <cstddef>
#include <cstdint>

namespace fairlead {

/**
 * What happens to a record when there is no room. Latest: a newer value of the same key takes its place as long as it
 * was not sent. Stream: the oldest is dropped. Event: never dropped while there is anything of the other two.
 */
enum class RecordClass : uint8_t { Latest, Stream, Event };
constexpr size_t kRecordClasses = 3;

/**
 * The order in which records were born, and are sent: `life` counts the starts of the device that wrote to the log,
 * `seq` is the number on the wire.
 */
struct RecordPosition {
  uint32_t life = 0;
  uint32_t seq = 0;
};
inline bool operator<(const RecordPosition& a, const RecordPosition& b) {
  return a.life != b.life ? a.life < b.life : a.seq < b.seq;
}
inline bool operator==(const RecordPosition& a, const RecordPosition& b) { return a.life == b.life && a.seq == b.seq; }

}  // namespace fairlead
