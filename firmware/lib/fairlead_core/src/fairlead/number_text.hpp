#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

/** Numbers as JSON text, and back: no locale, no heap, no printf, no floating-point library. */
namespace fairlead {

/** A number as RFC 8259 writes it, correctly rounded; false when it is not finite as a double (`1e400`). */
bool parse_number(std::string_view json_number, double& value);

/** Whole by value [M-5]: `3`, `3.0` and `3e0` are 3. False below 0, when not whole, or from 2^64. */
bool parse_unsigned(std::string_view json_number, uint64_t& value);

/** As parse_unsigned, from -2^63 to 2^63-1. */
bool parse_signed(std::string_view json_number, int64_t& value);

/** Room for every text that the formatters write. */
constexpr size_t kNumberTextBytes = 32;

/** Both write no NUL and give the length. `into` has kNumberTextBytes. */
size_t format_unsigned(uint64_t value, char* into);
size_t format_signed(int64_t value, char* into);

/**
 * A finite number rounded to at most `decimals` (0 … 15) places, without trailing zeros and with at most 15 significant
 * digits: 21.4f is `21.4`. Less than half of the last place is `0`. From 1e15 on it has an exponent, unless it is whole
 * and exact. Reads back within half a unit of the last place written (1 part in 10^13 with an exponent).
 */
size_t format_number(double value, int decimals, char* into);

}  // namespace fairlead
