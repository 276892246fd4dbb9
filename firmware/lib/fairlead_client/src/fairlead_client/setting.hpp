#pragma once
#include <cstdint>

#include "value.hpp"

namespace fairlead {

class Client;

/** What all Setting<T> share. Not for sketches. */
class SettingBase {
 public:
  SettingBase(Client& client, const char* name, const Value& initial, double min, double max);
  SettingBase(const SettingBase&) = delete;
  SettingBase& operator=(const SettingBase&) = delete;

 protected:
  const Value& value() const { return value_; }
  void set_by_sketch(const Value& value);
  virtual void changed() {}
  ~SettingBase() = default;

 private:
  friend class Client;
  /** False when it is of another type or outside the range: the old value stays. */
  bool take(std::string_view raw_json);

  Client& client_;
  const char* name_;
  Value value_;
  double min_;
  double max_;
  SettingBase* next_ = nullptr;
};

/**
 * A value that the operator edits from afar and that survives a restart:
 * `Setting<uint32_t> sample_s(gw, "sample_s", 10, 1, 3600);`. Reads like a plain variable.
 */
template <typename T>
class Setting final : public SettingBase {
 public:
  Setting(Client& client, const char* name, T initial, T min, T max)
      : SettingBase(client, name, Value::of(initial), static_cast<double>(min), static_cast<double>(max)) {}
  /** For bool. */
  Setting(Client& client, const char* name, T initial)
      : SettingBase(client, name, Value::of(initial), 0, 1) {
    static_assert(std::is_same<T, bool>::value, "a number has a smallest and a largest value");
  }
  operator T() const { return value().template as<T>(); }
  /** A change on the spot: clamped to the range, stored within ten seconds, reported to the gateway. */
  Setting& operator=(T now) {
    set_by_sketch(Value::of(now));
    return *this;
  }
  /** Called in gw.loop() after a change from afar. */
  Setting& on_change(void (*handler)(T now)) {
    handler_ = handler;
    return *this;
  }

 private:
  void changed() override {
    if (handler_ != nullptr) handler_(static_cast<T>(*this));
  }
  void (*handler_)(T) = nullptr;
};

}  // namespace fairlead
