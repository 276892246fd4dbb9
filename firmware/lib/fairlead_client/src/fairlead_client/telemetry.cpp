#include "telemetry.hpp"

#include <cmath>
#include <cstring>

#include "client.hpp"
#include "fairlead/utf8.hpp"

namespace fairlead {

TelemetryBase::TelemetryBase(Client& client, const char* name, const Report& report)
    : client_(client), name_(name), report_(report) {
  next_ = client.first_telemetry_;
  client.first_telemetry_ = this;
}

void TelemetryBase::set(const Value& value) {
  if (!std::isfinite(value.number)) {
    ++client_.counters_.not_finite;
    return;
  }
  value_ = value;
  has_value_ = true;
  if (report_.each && client_.started() && !hand_over(client_.now_ms())) ++client_.counters_.mailbox_full;
}

void TelemetryBase::set_text(char* kept, size_t capacity, const char* text) {
  const std::string_view whole(text);
  const std::string_view fits = utf8_cut(whole, capacity - 1);
  if (fits.size() < whole.size()) ++client_.counters_.texts_cut;
  Value change = value_;
  change.number += fits == kept ? 0 : 1;
  if (!fits.empty()) std::memmove(kept, fits.data(), fits.size());  // the sketch may assign what c_str() gave
  kept[fits.size()] = 0;
  text_ = kept;
  set(change);
}

bool TelemetryBase::moved() const {
  return !was_reported_ || std::fabs(value_.number - reported_.number) > report_.deadband_size;
}

bool TelemetryBase::due(uint64_t now_ms) const {
  if (!has_value_ || report_.each) return false;
  if (!was_reported_) return true;
  const uint64_t since_ms = now_ms - reported_at_ms_;
  if (report_.every_ms != 0 && since_ms >= report_.every_ms) return true;
  if (!report_.changes || !moved()) return false;
  return report_.record_class != RecordClass::Latest || since_ms >= kChangeIntervalMinMs;
}

void TelemetryBase::turn(uint64_t now_ms) {
  if (!due(now_ms) || hand_over(now_ms)) return;
  ++client_.counters_.mailbox_full;
}

bool TelemetryBase::hand_over(uint64_t now_ms) {
  if (text_ != nullptr) return hand_over_text(now_ms);
  uint8_t bytes[160];  // a name of 64 bytes and the longest number
  JsonWriter json({bytes, sizeof bytes});
  json.begin_object();
  write_member(json, name_, value_);
  json.end_object();
  if (!json.ok()) return true;  // cannot be: names are checked at start
  return send(json.view(), now_ms);
}

bool TelemetryBase::hand_over_text(uint64_t now_ms) {
  uint8_t bytes[80 + 6 * kTextTelemetryMaxBytes];  // each byte may become \u00XX
  JsonWriter json({bytes, sizeof bytes});
  json.begin_object().key(name_).text(text_).end_object();
  if (!json.ok()) return true;  // cannot be: there is room for the longest
  return send(json.view(), now_ms);
}

bool TelemetryBase::send(std::string_view object, uint64_t now_ms) {
  const bool sent = report_.record_class == RecordClass::Event
                        ? client_.send(UpLetter::Event, 0, now_ms, name_, object)
                        : client_.send(UpLetter::Telemetry, static_cast<int32_t>(report_.record_class), now_ms, name_,
                                       object.substr(1, object.size() - 2));
  if (!sent) return false;
  reported_ = value_;
  reported_at_ms_ = now_ms;
  was_reported_ = true;
  return true;
}

}  // namespace fairlead
