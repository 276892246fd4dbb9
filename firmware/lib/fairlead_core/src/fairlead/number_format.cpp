#include "fairlead/limits.hpp"
#include "fairlead/number_text.hpp"

namespace fairlead {
namespace {

/** What a double keeps of any decimal text; one more and 21.4 becomes 21.400000000000002. */
constexpr int kSignificantDigits = 15;
constexpr double kExponentFrom = 1e15;

/** Digits of `value` with leading zeros up to `width`, without trailing ones; `into` begins after the point. */
size_t write_fraction(uint64_t value, int width, char* into) {
  for (int i = width - 1; i >= 0; i--) {
    into[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  size_t size = static_cast<size_t>(width);
  while (size > 0 && into[size - 1] == '0') size--;
  return size;
}

uint64_t power_of_ten(int exponent) {
  uint64_t power = 1;
  for (int i = 0; i < exponent; i++) power *= 10;
  return power;
}

int digit_count(uint64_t value) {
  int count = 1;
  while (value >= 10) {
    value /= 10;
    count++;
  }
  return count;
}

/** `value` from 0 to below 2^53 with that many decimals. */
size_t write_fixed(double value, int decimals, char* into) {
  auto whole = static_cast<uint64_t>(value);
  const int room = kSignificantDigits - digit_count(whole);
  if (decimals > room) decimals = room;
  const uint64_t scale = power_of_ten(decimals);
  auto fraction = static_cast<uint64_t>((value - static_cast<double>(whole)) * static_cast<double>(scale) + 0.5);
  if (fraction >= scale) {
    whole++;
    fraction -= scale;
  }
  const size_t size = format_unsigned(whole, into);
  const size_t places = write_fraction(fraction, decimals, into + size + 1);
  if (places == 0) return size;
  into[size] = '.';
  return size + 1 + places;
}

/** `value` of 1e15 or more as `d.ddde+nn`: the digits are good for 1 part in 10^13. */
size_t write_exponent(double value, char* into) {
  int exponent = 0;
  const double steps[] = {1e256, 1e128, 1e64, 1e32, 1e16, 1e8, 1e4, 1e2, 1e1};
  int power = 256;
  for (const double step : steps) {
    if (value >= step) {
      value /= step;
      exponent += power;
    }
    power /= 2;
  }
  // Nine divisions have a last digit of their own: one decimal less than a plain number.
  size_t size = write_fixed(value, kSignificantDigits - 2, into);
  into[size++] = 'e';
  return size + format_unsigned(static_cast<uint64_t>(exponent), into + size);
}

}  // namespace

size_t format_unsigned(uint64_t value, char* into) {
  const int count = digit_count(value);
  for (int i = count - 1; i >= 0; i--) {
    into[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return static_cast<size_t>(count);
}

size_t format_signed(int64_t value, char* into) {
  if (value >= 0) return format_unsigned(static_cast<uint64_t>(value), into);
  into[0] = '-';
  return 1 + format_unsigned(~static_cast<uint64_t>(value) + 1, into + 1);
}

size_t format_number(double value, int decimals, char* into) {
  if (decimals < 0) decimals = 0;
  if (decimals > kSignificantDigits) decimals = kSignificantDigits;
  const bool negative = value < 0;
  if (negative) value = -value;
  char* const digits = into + (negative ? 1 : 0);
  size_t size = 0;
  const bool exact = value <= static_cast<double>(limits::kWholeNumberMax) &&
                     static_cast<double>(static_cast<uint64_t>(value)) == value;
  if (exact) size = format_unsigned(static_cast<uint64_t>(value), digits);
  else if (value < kExponentFrom) size = write_fixed(value, decimals, digits);
  else size = write_exponent(value, digits);
  if (!negative || (size == 1 && digits[0] == '0')) {  // never -0
    if (negative) into[0] = '0';
    return size;
  }
  into[0] = '-';
  return size + 1;
}

}  // namespace fairlead
