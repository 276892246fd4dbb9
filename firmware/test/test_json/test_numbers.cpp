#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>

#include "fairlead/number_text.hpp"

using namespace fairlead;

namespace {

bool same_bits(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }

/** What strtod says is right: glibc rounds correctly. */
void agrees_with_strtod(const std::string& text) {
  CAPTURE(text);
  const double expected = std::strtod(text.c_str(), nullptr);
  double value = 0;
  const bool finite = parse_number(text, value);
  CHECK(finite == std::isfinite(expected));
  if (finite) CHECK(same_bits(value, expected));
}

std::string formatted(double value, int decimals) {
  char into[kNumberTextBytes];
  return {into, format_number(value, decimals, into)};
}

template <typename Number>
bool whole(const std::string& text, Number& value) {
  if constexpr (std::numeric_limits<Number>::is_signed) return parse_signed(text, value);
  else return parse_unsigned(text, value);
}

}  // namespace

TEST_CASE("numbers are read as strtod reads them") {
  for (const char* text :
       {"0", "-0", "0.0", "-0.0", "1", "-1", "21.5", "-21.4", "0.1", "0.2", "0.3", "1e0", "1E+2", "1e-2", "123456789012345678",
        "9007199254740991", "9007199254740992", "9007199254740993", "18446744073709551615", "18446744073709551616",
        "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "1e308", "1e309", "-1e309", "1e400",
        "1e99999999999999999999", "-1e99999999999999999999", "1e-99999999999999999999", "0e99999999999999999999",
        "2.2250738585072014e-308", "2.2250738585072011e-308", "4.9406564584124654e-324", "2.4703282292062327e-324",
        "2.4703282292062328e-324", "1e-323", "1e-324", "8.5", "9007199254740991.5", "9007199254740990.5", "0.5", "1.5", "2.5",
        "5e-1", "1000000000000000000000000", "0.000000000000000000000001", "179769313486231580793e289"}) {
    agrees_with_strtod(text);
  }
}

TEST_CASE("numbers with hundreds of digits are rounded correctly") {
  // Exactly between two doubles, and a hair beside it.
  const std::string half = "1.00000000000000011102230246251565404236316680908203125";
  agrees_with_strtod(half);
  agrees_with_strtod(half + std::string(700, '0') + "1");
  agrees_with_strtod(half + std::string(1500, '0') + "1");
  agrees_with_strtod(half.substr(0, half.size() - 1) + "4" + std::string(700, '9'));
  agrees_with_strtod(std::string(400, '9'));
  agrees_with_strtod(std::string(300, '9') + "." + std::string(300, '9'));
  agrees_with_strtod("0." + std::string(400, '0') + "1e400");
  agrees_with_strtod("1" + std::string(400, '0') + "e-400");
}

TEST_CASE("random numbers are read as strtod reads them") {
  std::mt19937_64 random(20260101);
  for (int i = 0; i < 20000; i++) {
    uint64_t bits = random();
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    char text[64];
    std::snprintf(text, sizeof text, "%.*g", static_cast<int>(1 + random() % 20), value);
    double expected = std::strtod(text, nullptr);
    double read = 0;
    const bool finite = parse_number(text, read);
    if (finite != std::isfinite(expected) || (finite && !same_bits(read, expected))) agrees_with_strtod(text);
  }
}

TEST_CASE("random digits with random exponents are read as strtod reads them") {
  std::mt19937 random(7);
  for (int i = 0; i < 5000; i++) {
    std::string text = random() % 2 != 0 ? "-" : "";
    text += static_cast<char>('1' + random() % 9);
    for (unsigned n = random() % 40; n > 0; n--) text += static_cast<char>('0' + random() % 10);
    if (random() % 2 != 0) text += "." + std::to_string(random());
    if (random() % 2 != 0) text += "e" + std::to_string(static_cast<int>(random() % 700) - 350);
    const double expected = std::strtod(text.c_str(), nullptr);
    double read = 0;
    const bool finite = parse_number(text, read);
    if (finite != std::isfinite(expected) || (finite && !same_bits(read, expected))) agrees_with_strtod(text);
  }
}

TEST_CASE("a whole number is one by value [M-5]") {
  uint64_t value = 0;
  for (const char* text : {"3", "3.0", "3e0", "0.3e1", "30e-1", "3.000"}) {
    CAPTURE(text);
    CHECK(parse_unsigned(text, value));
    CHECK(value == 3);
  }
  for (const char* text : {"0", "-0", "-0.0", "0e5"}) {
    CHECK(parse_unsigned(text, value));
    CHECK(value == 0);
  }
  for (const char* text : {"-1", "3.5", "1e-1", "1e400", "-1e400", "18446744073709551616", "1e20"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_unsigned(text, value));
  }
  CHECK(parse_unsigned("18446744073709551615", value));
  CHECK(value == UINT64_MAX);
  CHECK(parse_unsigned("4294967296", value));
  CHECK(value == uint64_t{1} << 32);
}

TEST_CASE("signed whole numbers reach from -2^63 to 2^63-1") {
  int64_t value = 0;
  CHECK(whole("-9223372036854775808", value));
  CHECK(value == INT64_MIN);
  CHECK(whole("9223372036854775807", value));
  CHECK(value == INT64_MAX);
  CHECK_FALSE(whole("9223372036854775808", value));
  CHECK_FALSE(whole("-9223372036854775809", value));
  CHECK_FALSE(whole("-0.5", value));
  CHECK(whole("-3.0", value));
  CHECK(value == -3);
}

TEST_CASE("whole numbers are written in full") {
  char into[kNumberTextBytes];
  CHECK(std::string(into, format_unsigned(0, into)) == "0");
  CHECK(std::string(into, format_unsigned(UINT64_MAX, into)) == "18446744073709551615");
  CHECK(std::string(into, format_signed(INT64_MIN, into)) == "-9223372036854775808");
  CHECK(std::string(into, format_signed(-7, into)) == "-7");
}

TEST_CASE("a measurement is written as a person would") {
  CHECK(formatted(21.5, 6) == "21.5");
  CHECK(formatted(static_cast<double>(21.4f), 6) == "21.4");
  CHECK(formatted(21.4, 15) == "21.4");
  CHECK(formatted(-0.05, 6) == "-0.05");
  CHECK(formatted(0.999, 2) == "1");
  CHECK(formatted(9.995, 1) == "10");
  CHECK(formatted(1.25, 1) == "1.3");
  CHECK(formatted(2.0, 6) == "2");
  CHECK(formatted(1234.5678, 0) == "1235");
  CHECK(formatted(0.0000004, 6) == "0");
  CHECK(formatted(-0.0000004, 6) == "0");
  CHECK(formatted(-0.0, 6) == "0");
  CHECK(formatted(52.1234567, 7) == "52.1234567");
  CHECK(formatted(9007199254740991.0, 6) == "9007199254740991");
  CHECK(formatted(-9007199254740991.0, 6) == "-9007199254740991");
  CHECK(formatted(1e16, 6) == "1e16");
  CHECK(formatted(-1.5e300, 6) == "-1.5e300");
  CHECK(formatted(999999999999999.9, 6) == "1000000000000000");
  CHECK(formatted(1.5, -3) == "2");
}

TEST_CASE("what is written reads back near") {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20000; i++) {
    const int decimals = static_cast<int>(random() % 10);
    const double size = std::pow(10.0, static_cast<double>(random() % 12) - 4);
    const double value = (static_cast<double>(random() % 2000001) / 1e6 - 1) * size;
    double read = 0;
    const std::string text = formatted(value, decimals);
    REQUIRE(parse_number(text, read));
    const double off = std::fabs(read - value);
    const double allowed = 0.5 * std::pow(10.0, -decimals) + std::fabs(value) * 1e-14;
    if (off > allowed * (1 + 1e-9)) FAIL_CHECK(text, " for ", value);
  }
  for (int exponent = 15; exponent < 309; exponent++) {
    for (const double digits : {1.0, 1.7320508075688772, 9.999999999999, 9.9999999999999999}) {
      const double value = digits * std::pow(10.0, exponent - (digits > 9 ? 1 : 0));
      double read = 0;
      REQUIRE(parse_number(formatted(value, 6), read));
      CHECK(std::fabs(read - value) <= value * 1e-13);
    }
  }
}
