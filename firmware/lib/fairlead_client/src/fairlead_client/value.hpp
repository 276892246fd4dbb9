#pragma once
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "fairlead/bytes.hpp"
#include "fairlead/json_writer.hpp"

namespace fairlead {

/** A number, a whole number or a truth value: what telemetry and settings of a sketch hold. */
struct Value {
  enum class Kind : uint8_t { Number, Whole, Truth };
  Kind kind = Kind::Number;
  double number = 0;  ///< Every uint32_t and int32_t is exact in it; larger whole numbers are not offered.

  template <typename T>
  static Value of(T value) {
    static_assert(std::is_arithmetic<T>::value, "bool, whole numbers up to 32 bit, float and double");
    static_assert(!std::is_integral<T>::value || sizeof(T) <= 4, "64-bit numbers do not survive JSON");
    Value made;
    made.kind = kind_of<T>();
    made.number = static_cast<double>(value);
    return made;
  }
  template <typename T>
  static constexpr Kind kind_of() {
    return std::is_same<T, bool>::value ? Kind::Truth : std::is_integral<T>::value ? Kind::Whole : Kind::Number;
  }
  template <typename T>
  T as() const {
    return std::is_same<T, bool>::value ? static_cast<T>(number != 0) : static_cast<T>(number);
  }
};

/** `name` and `value` as a member of an object. */
void write_member(JsonWriter& json, std::string_view name, const Value& value);

/** Reads the raw JSON of one value; false when it is of another kind, not whole or not finite. */
bool read_value(std::string_view raw_json, Value::Kind kind, Value& value);

/** Finds the member of an object; of a name that stands twice the last counts [M-4]. */
bool find_member(std::string_view object_json, std::string_view name, std::string_view& raw_json);

}  // namespace fairlead
