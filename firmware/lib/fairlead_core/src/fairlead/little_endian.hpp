#pragma once
#include <cstddef>
#include <cstdint>

/** Numbers as they stand in flash: least byte first, whatever the chip does. */
namespace fairlead {

template <typename Number>
inline void put_little_endian(uint8_t* into, Number value) {
  for (size_t i = 0; i < sizeof(Number); ++i) into[i] = static_cast<uint8_t>(value >> (8 * i));
}

template <typename Number>
inline Number get_little_endian(const uint8_t* from) {
  Number value = 0;
  for (size_t i = 0; i < sizeof(Number); ++i) {
    value = static_cast<Number>(value | (static_cast<Number>(from[i]) << (8 * i)));
  }
  return value;
}

}  // namespace fairlead
