#include "fairlead/number_decimal.hpp"

#include <cstring>

#include "fairlead/bytes.hpp"

namespace fairlead {
namespace {

/** In one step, so that ten times the rest of a digit still fits 64 bits. */
constexpr int kShiftMax = 59;
/** An exponent beyond this is 0 or infinite whatever the digits of a frame of some KiB are. */
constexpr int kExponentEnd = 100000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/** What stands after the `e`. */
int exponent_of(std::string_view text) {
  int exponent = 0;
  for (const char c : text) {
    if (is_digit(c) && exponent < kExponentEnd) exponent = exponent * 10 + (c - '0');
  }
  return !text.empty() && text[0] == '-' ? -exponent : exponent;
}

}  // namespace

Decimal::Decimal(std::string_view json_number) {
  size_t at = !json_number.empty() && json_number[0] == '-' ? 1 : 0;
  bool after_point = false;
  for (; at < json_number.size() && (is_digit(json_number[at]) || json_number[at] == '.'); at++) {
    if (json_number[at] == '.') {
      after_point = true;
      continue;
    }
    const int digit = json_number[at] - '0';
    if (count_ > 0 || digit > 0) {
      append(digit);
      if (!after_point) point_++;
    } else if (after_point) {
      point_--;
    }
  }
  if (at < json_number.size()) point_ += exponent_of(slice(json_number, at + 1, json_number.size()));
  trim();
}

void Decimal::append(int digit) {
  if (count_ < kDigitsMax) digits_[count_++] = static_cast<uint8_t>(digit);
  else if (digit != 0) more_ = true;
}

void Decimal::trim() {
  while (count_ > 0 && digits_[count_ - 1] == 0) count_--;
  if (count_ == 0) point_ = 0;
}

void Decimal::scale(int power) {
  for (; power > kShiftMax; power -= kShiftMax) double_by(kShiftMax);
  for (; power < -kShiftMax; power += kShiftMax) halve_by(kShiftMax);
  if (power > 0) double_by(power);
  if (power < 0) halve_by(-power);
}

/** From the last digit to the first; what is carried out becomes new digits in front. */
void Decimal::double_by(int power) {
  uint64_t carry = 0;
  for (int i = count_ - 1; i >= 0; i--) {
    carry += static_cast<uint64_t>(digits_[i]) << power;
    digits_[i] = static_cast<uint8_t>(carry % 10);
    carry /= 10;
  }
  uint8_t front[20];
  int fresh = 0;
  for (; carry > 0; carry /= 10) front[fresh++] = static_cast<uint8_t>(carry % 10);
  int kept = count_;
  for (; kept + fresh > kDigitsMax; kept--) {
    if (digits_[kept - 1] != 0) more_ = true;
  }
  std::memmove(digits_ + fresh, digits_, static_cast<size_t>(kept));
  for (int i = 0; i < fresh; i++) digits_[i] = front[fresh - 1 - i];
  count_ = kept + fresh;
  point_ += fresh;
  trim();
}

/** Long division from the first digit to the last, then on until nothing is left. */
void Decimal::halve_by(int power) {
  const int digits_before = count_;
  const uint64_t mask = (uint64_t{1} << power) - 1;
  uint64_t rest = 0;
  int read = 0;
  count_ = 0;
  bool leading = true;
  while (read < digits_before || rest > 0) {
    rest = rest * 10 + (read < digits_before ? digits_[read] : 0);
    read++;
    const auto digit = static_cast<int>(rest >> power);
    rest &= mask;
    if (leading && digit == 0) {
      point_--;
      continue;
    }
    leading = false;
    append(digit);  // never ahead of what is still to be read
  }
  trim();
}

bool Decimal::rounds_up() const {
  if (point_ < 0 || point_ >= count_) return false;
  if (digits_[point_] != 5) return digits_[point_] > 5;
  if (point_ + 1 < count_ || more_) return true;
  return point_ > 0 && digits_[point_ - 1] % 2 == 1;  // exactly half
}

uint64_t Decimal::rounded() const {
  uint64_t whole = 0;
  for (int i = 0; i < point_; i++) whole = whole * 10 + (i < count_ ? digits_[i] : 0);
  return rounds_up() ? whole + 1 : whole;
}

}  // namespace fairlead
