#include <doctest/doctest.h>

#include <string>

#include "fairlead/crc32.hpp"
#include "fairlead/sha256.hpp"

using namespace fairlead;

namespace {

std::string hex_of(const std::string& text) {
  char hex[kSha256HexBytes];
  sha256_hex(bytes_of(text), hex);
  return hex;
}

}  // namespace

TEST_CASE("sha256 of the NIST examples (FIPS 180-4)") {
  CHECK(hex_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(hex_of("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu") ==
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  CHECK(hex_of(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("sha256 does not depend on the pieces it is given") {
  const std::string text(300, 'x');
  for (size_t piece = 1; piece < 130; piece += 7) {
    Sha256 hash;
    for (size_t at = 0; at < text.size(); at += piece) hash.update(bytes_of(std::string_view(text).substr(at, piece)));
    uint8_t digest[kSha256Bytes];
    hash.finish(digest);
    char expected[kSha256HexBytes];
    sha256_hex(bytes_of(text), expected);
    std::string hex;
    for (const uint8_t byte : digest) {
      hex += "0123456789abcdef"[byte >> 4];
      hex += "0123456789abcdef"[byte & 15];
    }
    CHECK(hex == expected);
  }
}

TEST_CASE("crc32 is that of IEEE 802.3, and goes on from a part") {
  CHECK(crc32(bytes_of("123456789")) == 0xCBF43926);
  CHECK(crc32({}) == 0);
  CHECK(crc32(bytes_of("6789"), crc32(bytes_of("12345"))) == 0xCBF43926);
}
