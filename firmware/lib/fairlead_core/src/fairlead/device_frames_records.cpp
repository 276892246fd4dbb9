#include <cstring>

#include "fairlead/device_frames.hpp"
#include "fairlead/frame_parts.hpp"
#include "fairlead/json_check.hpp"
#include "fairlead/limits.hpp"
#include "fairlead/names.hpp"

/** The frames with a `seq`: telemetry, events and channel data. */
namespace fairlead {
namespace {

/** [B-1] */
constexpr uint8_t kChannelData = 1;
constexpr size_t kChannelHeaderBytes = 6;
/** What closes a telemetry frame. */
constexpr std::string_view kTelemetryEnd = "]}";

/** The buffer without what the end needs. */
MutableBytes before_end(MutableBytes into) {
  return {into.data, into.size > kTelemetryEnd.size() ? into.size - kTelemetryEnd.size() : 0};
}

}  // namespace

bool is_place(uint32_t seq, std::string_view boot_or_empty) {
  return seq > 0 && (boot_or_empty.empty() || is_boot_id(boot_or_empty));
}

void write_place(JsonWriter& json, uint32_t seq, std::string_view boot_or_empty) {
  json.key("seq").unsigned_integer(seq);
  if (!boot_or_empty.empty()) json.key("boot").text(boot_or_empty);
}

void write_time(JsonWriter& json, const RecordTime& time) {
  if (time.kind == TimeKind::Unknown || time.ms > limits::kWholeNumberMax) return;  // no clock counts that far [M-5]
  json.key(time.kind == TimeKind::Wall ? "ts" : "age_ms").unsigned_integer(time.ms);
}

void TelemetryWriter::begin(uint32_t seq, std::string_view boot_or_empty) {
  points_ = 0;
  did_not_fit_ = false;
  valid_ = is_place(seq, boot_or_empty);
  json_ = begin_frame("telemetry", before_end(into_));
  write_place(json_, seq, boot_or_empty);
  json_.key("points").begin_array();
}

bool TelemetryWriter::add_point(const RecordTime& time, std::string_view values_json) {
  if (points_ == limits::kPointsMax) return false;  // [L-7]
  const JsonWriter before = json_;
  json_.begin_object();
  write_time(json_, time);
  json_.key("values").begin_object().raw_members(values_json).end_object().end_object();
  if (!json_.ok()) {
    json_ = before;
    did_not_fit_ = true;
    return false;
  }
  points_++;
  return true;
}

size_t TelemetryWriter::size_if_finished() const { return json_.size() + kTelemetryEnd.size(); }

Status TelemetryWriter::finish(size_t& size) {
  size = 0;
  if (!valid_) return Status::Invalid;
  if (points_ == 0) return did_not_fit_ || !json_.ok() ? Status::TooLarge : Status::Invalid;
  std::memcpy(into_.data + json_.size(), kTelemetryEnd.data(), kTelemetryEnd.size());
  size = size_if_finished();
  return Status::Ok;
}

Status write_event(uint32_t seq, std::string_view boot_or_empty, std::string_view name, const RecordTime& time,
                   std::string_view data_json, MutableBytes into, size_t& size) {
  if (!is_place(seq, boot_or_empty) || !is_name(name)) return refuse_frame(size);
  if (!data_json.empty() && free_form_problem(data_json) != Problem::None) return refuse_frame(size);
  JsonWriter json = begin_frame("event", into);
  write_place(json, seq, boot_or_empty);
  json.key("name").text(name);
  write_time(json, time);
  if (!data_json.empty()) json.key("data").raw(data_json);
  return end_frame(json, size);
}

Status write_channel(uint32_t seq, std::string_view channel, ByteView payload, MutableBytes into, size_t& size) {
  if (seq == 0 || !is_name(channel)) return refuse_frame(size);
  size = 0;
  const size_t header = kChannelHeaderBytes + channel.size();
  if (into.size < header || into.size - header < payload.size) return Status::TooLarge;
  // The payload first: it may stand in the same buffer.
  if (payload.size > 0) std::memmove(into.data + header, payload.data, payload.size);
  into.data[0] = kChannelData;
  for (unsigned i = 0; i < 4; i++) into.data[1 + i] = static_cast<uint8_t>(seq >> (24 - 8 * i));  // big-endian
  into.data[5] = static_cast<uint8_t>(channel.size());
  std::memcpy(into.data + kChannelHeaderBytes, channel.data(), channel.size());
  size = header + payload.size;
  return Status::Ok;
}

}  // namespace fairlead
