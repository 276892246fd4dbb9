#pragma once
#include <cstddef>
#include <cstdint>

#include "fairlead/bytes.hpp"

namespace fairlead {

constexpr size_t kSha256Bytes = 32;
/** 64 lower-case digits [N-3] and a NUL. */
constexpr size_t kSha256HexBytes = 65;

/** SHA-256 of FIPS 180-4, piece by piece. Not made for secrets that an attacker can time. */
class Sha256 {
 public:
  Sha256();
  void update(ByteView bytes);
  /** Ends the digest; the object is used up. */
  void finish(uint8_t digest[kSha256Bytes]);

 private:
  void block(const uint8_t* bytes);
  uint32_t state_[8];
  uint64_t total_bytes_ = 0;
  uint8_t pending_[64];
};

/** The digest of `bytes` as text [N-3]. */
void sha256_hex(ByteView bytes, char into[kSha256HexBytes]);

}  // namespace fairlead
