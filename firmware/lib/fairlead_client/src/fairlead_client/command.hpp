#pragma once
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "fairlead/limits.hpp"
#include "value.hpp"

namespace fairlead {

class Client;

/** What a command's parameter has to be. Made by flag(), number(), whole(), text(). */
struct Parameter {
  enum class Kind : uint8_t { Flag, Number, Whole, Text };
  const char* name = nullptr;
  Kind kind = Kind::Flag;
  double min = 0;
  double max = 0;  ///< For Text: the largest number of bytes.
  bool required = true;
  Parameter optional() const {
    Parameter made = *this;
    made.required = false;
    return made;
  }
};
inline Parameter flag(const char* name) { return {name, Parameter::Kind::Flag, 0, 1, true}; }
inline Parameter number(const char* name, double min, double max) { return {name, Parameter::Kind::Number, min, max, true}; }
inline Parameter whole(const char* name, double min, double max) { return {name, Parameter::Kind::Whole, min, max, true}; }
/** A text parameter is copied on the stack to be checked. */
constexpr size_t kTextParameterMaxBytes = 256;
/** More than kTextParameterMaxBytes is cut to it. */
inline Parameter text(const char* name, size_t max_bytes) {
  if (max_bytes > kTextParameterMaxBytes) max_bytes = kTextParameterMaxBytes;
  return {name, Parameter::Kind::Text, 0, static_cast<double>(max_bytes), true};
}

/** The parameters of one call, checked against what the command declared. Valid inside the handler. */
class Arguments {
 public:
  Arguments(std::string_view id, std::string_view params_json) : id_(id), params_(params_json) {}
  bool has(const char* name) const;
  bool flag(const char* name, bool otherwise = false) const;
  double number(const char* name, double otherwise = 0) const;
  int32_t whole(const char* name, int32_t otherwise = 0) const;
  /** NUL-terminated; false when absent, no text, or too long for `into`. */
  bool text(const char* name, char* into, size_t capacity) const;
  /** Copy it to answer later by Client::finish(). */
  std::string_view id() const { return id_; }
  /** The raw object, for a parser of your own. */
  std::string_view json() const { return params_; }

 private:
  std::string_view id_;
  std::string_view params_;
};

/** What a handler answers. Made by ok(), fail() or later(). */
class CommandResult {
 public:
  enum class Kind : uint8_t { Ok, Failed, Later };
  /** The members of `data`. What does not fit any more makes the result fail with `result_too_large`. */
  static constexpr size_t kDataBytes = 256;

  Kind kind = Kind::Ok;
  const char* code = "";     ///< A name [C-17], static storage.
  const char* message = "";  ///< For people, static storage.

  template <typename T, typename = std::enable_if_t<std::is_arithmetic<T>::value>>
  CommandResult& with(const char* name, T value) {
    add(name, Value::of(value));
    return *this;
  }
  CommandResult& with(const char* name, const char* value);
  /** The data as JSON, or empty. */
  std::string_view data() const { return {bytes_, size_}; }
  bool too_large() const { return too_large_; }

 private:
  void add(const char* name, const Value& value);
  void append_member(std::string_view object);
  char bytes_[kDataBytes];
  uint16_t size_ = 0;
  bool too_large_ = false;
};

inline CommandResult ok() { return {}; }
template <typename T>
CommandResult ok(const char* name, T value) {
  CommandResult result;
  result.with(name, value);
  return result;
}
inline CommandResult fail(const char* code, const char* message = "") {
  CommandResult result;
  result.kind = CommandResult::Kind::Failed;
  result.code = code;
  result.message = message;
  return result;
}
/** The answer comes by Client::finish() with the id of the call. */
inline CommandResult later() {
  CommandResult result;
  result.kind = CommandResult::Kind::Later;
  return result;
}

/** A command: `Command relay(gw, "relay.set", set_relay, {flag("on")});`. The handler runs in gw.loop(). */
class Command {
 public:
  using Handler = CommandResult (*)(const Arguments& arguments);
  static constexpr size_t kParametersMax = 6;

  Command(Client& client, const char* name, Handler handler, std::initializer_list<Parameter> parameters = {});
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  /** Called in gw.loop() when the operator wants a call stopped that was answered by later() [C-16]. */
  Command& on_cancel(void (*handler)(std::string_view id)) {
    cancel_ = handler;
    return *this;
  }

 private:
  friend class Client;
  /** The name of the first parameter that is missing or wrong, or null. */
  const char* wrong_parameter(std::string_view params_json) const;

  const char* name_;
  Handler handler_;
  void (*cancel_)(std::string_view) = nullptr;
  Parameter parameters_[kParametersMax];
  uint8_t parameter_count_ = 0;
  bool too_many_ = false;
  Command* next_ = nullptr;
};

}  // namespace fairlead
