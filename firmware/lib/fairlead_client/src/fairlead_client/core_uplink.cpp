#include "core_uplink.hpp"

namespace fairlead {

bool CoreUplink::telemetry(RecordClass cls, std::string_view key, std::string_view values_json, uint64_t born_mono_ms) {
  uint32_t seq = 0;
  const std::string_view coalesce_by = cls == RecordClass::Latest ? key : std::string_view();
  return outbox_.push_telemetry(cls, coalesce_by, values_json, seq, born_mono_ms) == Status::Ok;
}

bool CoreUplink::event(std::string_view name, std::string_view data_json, uint64_t born_mono_ms) {
  uint32_t seq = 0;
  return outbox_.push_event(name, data_json, seq, born_mono_ms) == Status::Ok;
}

bool CoreUplink::channel(RecordClass cls, std::string_view name, std::string_view payload, uint64_t born_mono_ms) {
  uint32_t seq = 0;
  return outbox_.push_channel(cls, name, bytes_of(payload), seq, born_mono_ms) == Status::Ok;
}

}  // namespace fairlead
