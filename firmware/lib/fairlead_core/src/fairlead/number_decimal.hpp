#pragma once
#include <cstdint>
#include <string_view>

namespace fairlead {

/**
 * A decimal number 0.d1d2d3… × 10^point that can be halved and doubled exactly. That is all it takes to turn decimal
 * text into the nearest double without tables of powers and without big integers. Private to number_parse.cpp.
 */
class Decimal {
 public:
  explicit Decimal(std::string_view json_number);
  bool is_zero() const { return count_ == 0; }
  int point() const { return point_; }
  bool below_half() const { return point_ < 0 || (point_ == 0 && digits_[0] < 5); }
  /** Times 2^power, or divided by 2^-power. */
  void scale(int power);
  /** Rounded to a whole number, halves to the even one. The number must be below 2^63. */
  uint64_t rounded() const;

 private:
  void double_by(int power);
  void halve_by(int power);
  void append(int digit);
  void trim();
  bool rounds_up() const;

  /** The point where two neighbouring doubles meet has at most 767 digits; more cannot change the result. */
  static constexpr int kDigitsMax = 780;
  uint8_t digits_[kDigitsMax];
  int count_ = 0;
  int point_ = 0;
  /** Digits other than 0 were left out after the last one. */
  bool more_ = false;
};

}  // namespace fairlead
