#pragma once
#include <cstdint>

#include "fairlead/outbox.hpp"
#include "value.hpp"

namespace fairlead {

class Client;

/** When a value is reported. Made by every_s(), on_change() or each_value(), refined by the members. */
struct Report {
  uint32_t every_ms = 0;      ///< 0: no period
  bool changes = false;       ///< At once when it differs from the last report.
  bool each = false;          ///< Every assignment is a record.
  double deadband_size = 0;   ///< A change is a difference of more than this.
  RecordClass record_class = RecordClass::Latest;

  /** Also between two periods, as soon as the value moved by more than `size`. */
  Report deadband(double size) const {
    Report report = *this;
    report.changes = true;
    report.deadband_size = size;
    return report;
  }
  Report on_change() const { return deadband(deadband_size); }
  Report every_s(uint32_t seconds) const {
    Report report = *this;
    report.every_ms = seconds * 1000;
    return report;
  }
  /** Offline only the newest value is kept. The default. */
  Report latest() const { return of_class(RecordClass::Latest); }
  /** Offline every record is kept; the oldest goes first when the outbox is full. */
  Report stream() const { return of_class(RecordClass::Stream); }
  /**
   * Each report is an event of this name with the value as its data [T-6], `{"door":true}`: it goes to flash at once
   * when offline and is dropped last. It does not show up among the telemetry.
   */
  Report as_event() const { return of_class(RecordClass::Event); }
  Report of_class(RecordClass wanted) const {
    Report report = *this;
    report.record_class = wanted;
    return report;
  }
};

/** The last value, every so many seconds. */
inline Report every_s(uint32_t seconds) { return Report().every_s(seconds); }
/** Whenever the value changed; at most ten times a second unless it is stream() or as_event(). */
inline Report on_change() { return Report().on_change(); }
/** Every assignment, as a stream. */
inline Report each_value() {
  Report report;
  report.each = true;
  return report.stream();
}

/** A flood of changes of one key is thinned to this; the newest value always gets through. */
constexpr uint32_t kChangeIntervalMinMs = 100;

/** What all Telemetry<T> share. Not for sketches. */
class TelemetryBase {
 public:
  TelemetryBase(Client& client, const char* name, const Report& report);
  TelemetryBase(const TelemetryBase&) = delete;
  TelemetryBase& operator=(const TelemetryBase&) = delete;

 protected:
  void set(const Value& value);
  /** For a text, which `kept` (of `capacity` bytes) holds for as long as this lives. */
  void set_text(char* kept, size_t capacity, const char* text);
  const Value& value() const { return value_; }

 private:
  friend class Client;
  bool due(uint64_t now_ms) const;
  bool moved() const;
  /** Hands the value over; keeps it for the next turn when the mailbox is full. */
  void turn(uint64_t now_ms);
  bool hand_over(uint64_t now_ms);
  bool hand_over_text(uint64_t now_ms);
  bool send(std::string_view object, uint64_t now_ms);

  Client& client_;
  const char* name_;
  Report report_;
  const char* text_ = nullptr;  ///< Of a text; then `value_` counts its changes.
  Value value_;
  Value reported_;
  uint64_t reported_at_ms_ = 0;
  bool has_value_ = false;
  bool was_reported_ = false;
  TelemetryBase* next_ = nullptr;
};

/** One key of telemetry: `Telemetry<float> t(gw, "temperature", every_s(10).deadband(0.2));` then `t = 21.5f;`. */
template <typename T>
class Telemetry : public TelemetryBase {
 public:
  Telemetry(Client& client, const char* name, const Report& report = every_s(10)) : TelemetryBase(client, name, report) {}
  /** Costs a copy; the value is sent by gw.loop(). NaN and infinities are passed over [T-3]. */
  Telemetry& operator=(T now) {
    set(Value::of(now));
    return *this;
  }
  /** The last value assigned. */
  operator T() const { return value().template as<T>(); }
};

/** A text costs six bytes for each of its own in the worst case, and the sketch's stack pays for that. */
constexpr size_t kTextTelemetryMaxBytes = 128;

/** A text: `TextTelemetry<16> mode(gw, "mode", on_change());` then `mode = "auto";`. Longer ones are cut, and counted. */
template <size_t MaxBytes>
class TextTelemetry : public TelemetryBase {
 public:
  static_assert(MaxBytes > 0 && MaxBytes <= kTextTelemetryMaxBytes, "1 to 128 bytes; longer texts are for events");
  TextTelemetry(Client& client, const char* name, const Report& report = on_change())
      : TelemetryBase(client, name, report) {}
  /** UTF-8, copied. Null counts as empty. */
  TextTelemetry& operator=(const char* text) {
    set_text(kept_, sizeof kept_, text == nullptr ? "" : text);
    return *this;
  }
  /** The last one assigned. */
  const char* c_str() const { return kept_; }

 private:
  char kept_[MaxBytes + 1] = {};
};

}  // namespace fairlead
