#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fairlead/bytes.hpp"
#include "fairlead/json_writer.hpp"
#include "fairlead/status.hpp"

/**
 * The frames a device sends [M-9], written into a bounded buffer. Each gives the size of the frame, or
 *   TooLarge  it does not fit the buffer;
 *   Invalid   the gateway would refuse it: a name, an id, a digest or JSON of the application breaks a rule.
 * After both, `size` is 0. Texts for people are cut to what the wire takes [L-16].
 */
namespace fairlead {

struct HelloFields {
  std::string_view boot, firmware, model;
  const std::string_view* capabilities = nullptr;
  size_t capability_count = 0;
  uint32_t next_wake_s = 0;  ///< 0: not promised
};
Status write_hello(const HelloFields& hello, MutableBytes into, size_t& size);  ///< [S-13]

enum class TimeKind : uint8_t { Unknown, Wall, Age };  ///< [T-2]
struct RecordTime {
  TimeKind kind = TimeKind::Unknown;
  uint64_t ms = 0;
};

/**
 * One telemetry frame [T-1], built point by point: begin, add_point for each, finish. A point that does not fit leaves
 * the frame as it was, so the frame can be finished and the point can begin the next one.
 * `values_json` is the inside of the `values` object, as the outbox keeps it: `"temp":21.5,"door":true`.
 */
class TelemetryWriter {
 public:
  explicit TelemetryWriter(MutableBytes into) : into_(into), json_(into) {}
  void begin(uint32_t seq, std::string_view boot_or_empty);
  /** False when the point does not fit, or there are 100 already [L-7]. A session may have a lower limit [L-1]. */
  bool add_point(const RecordTime& time, std::string_view values_json);
  size_t points() const { return points_; }
  /** Bytes of the frame if it were finished now. */
  size_t size_if_finished() const;
  /** TooLarge when not even one point fitted, Invalid when none was offered, or with a seq or boot that is none. */
  Status finish(size_t& size);

 private:
  MutableBytes into_;
  JsonWriter json_;
  size_t points_ = 0;
  bool valid_ = false;
  bool did_not_fit_ = false;
};

/** [T-6] `data_json` empty: no data. */
Status write_event(uint32_t seq, std::string_view boot_or_empty, std::string_view name, const RecordTime& time,
                   std::string_view data_json, MutableBytes into, size_t& size);
/** [B-1] A binary frame; the payload may be empty. */
Status write_channel(uint32_t seq, std::string_view channel, ByteView payload, MutableBytes into, size_t& size);
Status write_accepted(std::string_view id, MutableBytes into, size_t& size);  ///< [C-18]
/** `text` empty: no text. Percent below 0: none; over 100: 100. */
Status write_progress(std::string_view id, int percent_or_negative, std::string_view text, MutableBytes into, size_t& size);
Status write_result_ok(std::string_view id, std::string_view data_json_or_empty, MutableBytes into, size_t& size);  ///< [C-5]
Status write_result_error(std::string_view id, std::string_view code, std::string_view message, MutableBytes into, size_t& size);  ///< [C-7]
Status write_reported(uint64_t version, std::string_view state_json, MutableBytes into, size_t& size);  ///< [M-12]
Status write_token_stored(std::string_view token_id, std::string_view sha256_hex, MutableBytes into, size_t& size);  ///< [K-8]
Status write_log(std::string_view level, std::string_view text, MutableBytes into, size_t& size);  ///< [M-11]
Status write_bye(uint32_t sleep_s_or_zero, MutableBytes into, size_t& size);  ///< [S-6]

}  // namespace fairlead
