#include "setting.hpp"

#include <cmath>

#include "client.hpp"

namespace fairlead {
namespace {

constexpr const char* kStoreKey = "settings";

}  // namespace

SettingBase::SettingBase(Client& client, const char* name, const Value& initial, double min, double max)
    : client_(client), name_(name), value_(initial), min_(min), max_(max) {
  next_ = client.first_setting_;
  client.first_setting_ = this;
}

bool SettingBase::take(std::string_view raw_json) {
  Value read;
  if (!read_value(raw_json, value_.kind, read) || read.number < min_ || read.number > max_) return false;
  value_ = read;
  return true;
}

void SettingBase::set_by_sketch(const Value& value) {
  if (!std::isfinite(value.number)) return;
  Value clamped = value;
  if (clamped.number < min_) clamped.number = min_;
  if (clamped.number > max_) clamped.number = max_;
  if (clamped.number == value_.number) return;
  value_ = clamped;
  client_.settings_dirty_ = true;
  client_.settings_news_ = true;
}

/** `{"version":7,"state":{…}}` for flash, the state alone for the gateway; 0 when it does not fit. */
size_t Client::write_settings(bool with_version) {
  JsonWriter json({settings_bytes_, sizeof settings_bytes_});
  if (with_version) json.begin_object().key("version").unsigned_integer(settings_version_).key("state");
  json.begin_object();
  for (SettingBase* at = first_setting_; at != nullptr; at = at->next_) write_member(json, at->name_, at->value_);
  json.end_object();
  if (with_version) json.end_object();
  return json.ok() ? json.size() : 0;
}

void Client::load_settings() {
  size_t size = 0;
  const Status status = store_->get(kStoreKey, {settings_bytes_, sizeof settings_bytes_}, size);
  if (status == Status::NotFound) return;
  const std::string_view stored(reinterpret_cast<const char*>(settings_bytes_), status == Status::Ok ? size : 0);
  std::string_view state, raw;
  Value version;
  if (!find_member(stored, "state", state)) return;
  if (find_member(stored, "version", raw) && read_value(raw, Value::Kind::Number, version)) {
    settings_version_ = static_cast<uint64_t>(version.number);
  }
  for (SettingBase* at = first_setting_; at != nullptr; at = at->next_) {
    // One that the new firmware refuses keeps its initial value.
    if (find_member(state, at->name_, raw)) (void)at->take(raw);
  }
}

bool Client::store_settings() {
  const size_t size = write_settings(true);
  settings_stored_at_ms_ = now_ms();
  if (size == 0 || store_->put(kStoreKey, {settings_bytes_, size}) != Status::Ok) {
    ++counters_.store_failures;
    return false;
  }
  settings_dirty_ = false;
  return true;
}

void Client::take_desired(uint64_t version, std::string_view state_json) {
  if (version < settings_version_) return;  // [M-12] an older wish is passed over
  settings_version_ = version;
  for (SettingBase* at = first_setting_; at != nullptr; at = at->next_) {
    std::string_view raw;
    if (!find_member(state_json, at->name_, raw)) continue;
    const double before = at->value_.number;
    if (!at->take(raw)) log("warn", at->name_);
    else if (at->value_.number != before) at->changed();
  }
  settings_news_ = true;
  settings_dirty_ = true;
  (void)store_settings();  // at once: `reported` says what survives a restart; a failure is counted and tried again
}

void Client::tend_settings() {
  if (settings_dirty_ && now_ms() - settings_stored_at_ms_ >= kSettingsStoreIntervalMs) (void)store_settings();
  if (first_setting_ == nullptr || !ready()) return;
  // Told after each change, and once in the first session, so that the operator sees what runs.
  const bool first = reported_in_ready_ == 0;
  if (!settings_news_ && !first) return;
  if (settings_dirty_) return;
  const size_t size = write_settings(false);
  if (!send(UpLetter::Reported, 0, settings_version_, {reinterpret_cast<const char*>(settings_bytes_), size})) return;
  settings_news_ = false;
  reported_in_ready_ = link_.ready_count.load(std::memory_order_acquire);
}

}  // namespace fairlead
