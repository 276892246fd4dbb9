#include <charconv>
#include <cstring>

#include "fairlead/limits.hpp"
#include "fairlead/number_decimal.hpp"
#include "fairlead/number_text.hpp"

namespace fairlead {
namespace {

constexpr int kMantissaBits = 53;
constexpr int kExponentBias = 1023;
/** 10^309 is over the largest double, 10^-324 rounds to 0. */
constexpr int kPointMax = 309;
constexpr int kPointMin = -323;
constexpr uint64_t kHiddenBit = uint64_t{1} << (kMantissaBits - 1);
/** Whole bits of the powers of ten: how often to halve or double at once. */
constexpr uint8_t kBitsOfTens[] = {0, 3, 6, 9, 13, 16, 19, 23, 26, 29, 33, 36, 39, 43, 46, 49, 53, 56};
constexpr int kTensMax = sizeof(kBitsOfTens) - 1;

int bits_of(int tens) { return kBitsOfTens[tens > kTensMax ? kTensMax : tens]; }

/** Brings the number into [1/2, 1) and gives the power of two that was taken out. */
int normalise(Decimal& decimal) {
  int exponent = 0;
  while (decimal.point() > 0) {
    const int bits = bits_of(decimal.point());
    decimal.scale(-bits);
    exponent += bits;
  }
  while (decimal.below_half()) {
    const int bits = decimal.point() == 0 ? 1 : bits_of(-decimal.point());
    decimal.scale(bits);
    exponent -= bits;
  }
  return exponent;
}

/** The bits of the nearest double, without a sign; false when that is infinite. */
bool nearest(Decimal& decimal, uint64_t& bits) {
  bits = 0;
  if (decimal.is_zero() || decimal.point() < kPointMin) return true;
  if (decimal.point() > kPointMax) return false;
  int exponent = normalise(decimal) - 1;  // of 1.m × 2^exponent
  constexpr int kSmallest = 1 - kExponentBias;
  if (exponent < kSmallest) {
    decimal.scale(exponent - kSmallest);  // subnormal: fewer bits
    exponent = kSmallest;
  }
  decimal.scale(kMantissaBits);
  uint64_t mantissa = decimal.rounded();
  if (mantissa == kHiddenBit * 2) {
    mantissa = kHiddenBit;
    exponent++;
  }
  if (exponent > kExponentBias) return false;
  bits = mantissa;
  if (mantissa < kHiddenBit) return true;
  bits += (static_cast<uint64_t>(exponent + kExponentBias) - 1) << (kMantissaBits - 1);  // the hidden bit is one of it
  return true;
}

/** The short way: digits alone, that a double holds exactly. */
bool plain_whole(std::string_view digits, uint64_t& value) {
  const char* const end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, value);
  return error == std::errc() && at == end;
}

bool is_negative(std::string_view json_number) { return !json_number.empty() && json_number[0] == '-'; }
std::string_view without_sign(std::string_view json_number) {
  if (is_negative(json_number)) json_number.remove_prefix(1);
  return json_number;
}

/** Whole and not negative as `value`; `magnitude` is the text without its sign. */
bool whole_magnitude(std::string_view magnitude, uint64_t& value) {
  if (plain_whole(magnitude, value)) return true;
  double number = 0;
  if (!parse_number(magnitude, number)) return false;
  constexpr double kEnd = 18446744073709551616.0;
  if (number >= kEnd) return false;
  value = static_cast<uint64_t>(number);
  return static_cast<double>(value) == number;
}

}  // namespace

bool parse_number(std::string_view json_number, double& value) {
  const bool negative = is_negative(json_number);
  const std::string_view magnitude = without_sign(json_number);
  uint64_t whole = 0;
  if (plain_whole(magnitude, whole) && whole <= limits::kWholeNumberMax) {
    value = negative ? -static_cast<double>(whole) : static_cast<double>(whole);
    return true;
  }
  Decimal decimal(magnitude);
  uint64_t bits = 0;
  if (!nearest(decimal, bits)) return false;
  if (negative) bits |= uint64_t{1} << 63;
  std::memcpy(&value, &bits, sizeof value);
  return true;
}

bool parse_unsigned(std::string_view json_number, uint64_t& value) {
  if (!is_negative(json_number)) return whole_magnitude(json_number, value);
  return whole_magnitude(without_sign(json_number), value) && value == 0;  // -0 is 0
}

bool parse_signed(std::string_view json_number, int64_t& value) {
  uint64_t magnitude = 0;
  const bool negative = is_negative(json_number);
  if (!whole_magnitude(without_sign(json_number), magnitude)) return false;
  const uint64_t end = uint64_t{1} << 63;
  if (negative ? magnitude > end : magnitude >= end) return false;
  value = static_cast<int64_t>(negative ? ~magnitude + 1 : magnitude);
  return true;
}

}  // namespace fairlead
