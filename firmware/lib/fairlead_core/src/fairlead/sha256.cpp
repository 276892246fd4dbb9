#include "fairlead/sha256.hpp"

#include <cstring>

namespace fairlead {
namespace {

/** The first 32 bits of the fractions of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2). */
const uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

inline uint32_t rotate_right(uint32_t value, unsigned bits) { return (value >> bits) | (value << (32 - bits)); }

inline uint32_t read_big_endian(const uint8_t* from) {
  return (static_cast<uint32_t>(from[0]) << 24) | (static_cast<uint32_t>(from[1]) << 16) |
         (static_cast<uint32_t>(from[2]) << 8) | from[3];
}

}  // namespace

Sha256::Sha256()
    : state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19} {}

void Sha256::block(const uint8_t* bytes) {
  uint32_t word[64];
  for (int i = 0; i < 16; ++i) word[i] = read_big_endian(bytes + 4 * i);
  for (int i = 16; i < 64; ++i) {
    const uint32_t a = word[i - 15], b = word[i - 2];
    const uint32_t small_0 = rotate_right(a, 7) ^ rotate_right(a, 18) ^ (a >> 3);
    const uint32_t small_1 = rotate_right(b, 17) ^ rotate_right(b, 19) ^ (b >> 10);
    word[i] = word[i - 16] + small_0 + word[i - 7] + small_1;
  }
  uint32_t s[8];
  std::memcpy(s, state_, sizeof s);
  for (int i = 0; i < 64; ++i) {
    const uint32_t big_1 = rotate_right(s[4], 6) ^ rotate_right(s[4], 11) ^ rotate_right(s[4], 25);
    const uint32_t big_0 = rotate_right(s[0], 2) ^ rotate_right(s[0], 13) ^ rotate_right(s[0], 22);
    const uint32_t choose = (s[4] & s[5]) ^ (~s[4] & s[6]);
    const uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
    const uint32_t first = s[7] + big_1 + choose + kRound[i] + word[i];
    for (int k = 7; k > 0; --k) s[k] = s[k - 1];
    s[4] += first;
    s[0] = first + big_0 + majority;
  }
  for (int i = 0; i < 8; ++i) state_[i] += s[i];
}

void Sha256::update(ByteView bytes) {
  for (size_t i = 0; i < bytes.size; ++i) {
    pending_[total_bytes_++ % sizeof pending_] = bytes.data[i];
    if (total_bytes_ % sizeof pending_ == 0) block(pending_);
  }
}

void Sha256::finish(uint8_t digest[kSha256Bytes]) {
  const uint64_t total_bits = total_bytes_ * 8;
  const uint8_t one = 0x80, zero = 0;
  update({&one, 1});
  while (total_bytes_ % sizeof pending_ != 56) update({&zero, 1});
  uint8_t length[8];
  for (unsigned i = 0; i < 8; ++i) length[i] = static_cast<uint8_t>(total_bits >> (56 - 8 * i));
  update({length, sizeof length});
  for (unsigned i = 0; i < kSha256Bytes; ++i) digest[i] = static_cast<uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
}

void sha256_hex(ByteView bytes, char into[kSha256HexBytes]) {
  static const char kDigits[] = "0123456789abcdef";
  uint8_t digest[kSha256Bytes];
  Sha256 hash;
  hash.update(bytes);
  hash.finish(digest);
  for (size_t i = 0; i < kSha256Bytes; ++i) {
    into[2 * i] = kDigits[digest[i] >> 4];
    into[2 * i + 1] = kDigits[digest[i] & 15];
  }
  into[2 * kSha256Bytes] = 0;
}

}  // namespace fairlead
