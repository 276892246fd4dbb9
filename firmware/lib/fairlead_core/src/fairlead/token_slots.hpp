#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fairlead/limits.hpp"
#include "fairlead/ports.hpp"
#include "fairlead/sha256.hpp"

namespace fairlead {

/**
 * Two device tokens: the one that works and the one that replaces it, or the one before. A new token goes to the other
 * slot, is used from the next connect on, and is confirmed by its first `welcome`. Nothing here erases a token but
 * erase_all(), which a person asks for. A power cut at any step leaves a token that the gateway takes: the write goes
 * to the slot that is not in use, and which slot comes first is one atomic value.
 */
class TokenSlots {
 public:
  explicit TokenSlots(KeyValueStore& store) : store_(store) {}
  /** Loads both slots. NotFound: there is no token yet. */
  Status begin();
  bool has_token() const { return in_use_ >= 0; }
  /** The token for the next connect, NUL-terminated; "" without one. Valid until the slot or a token changes. */
  const char* current() const { return token_; }
  const char* current_id() const { return token_id_; }
  /** Whether the token in use has not been confirmed by a `welcome` yet. */
  bool current_is_candidate() const { return has_token() && candidate_ && in_use_ == first_; }
  bool has_other() const;
  /** A token from a person: takes the place that is not in use and is used from now on. Both texts are checked. */
  Status provision(std::string_view token, std::string_view token_id = {});
  /**
   * Rotation [K-7]: stores the token in the other slot, reads it back and gives the SHA-256 of what was read [K-8].
   * The next connect uses it. IoError: do not answer `token_stored`; the token in use is untouched.
   * NotReady: the token in use is itself unconfirmed.
   */
  Status store_candidate(std::string_view token_id, std::string_view token, char sha256_of_read[kSha256HexBytes]);
  /** At a connect: begins with the first choice again (the candidate, if there is one). */
  void use_first();
  /** After a 401: the other token [H-13]. False when there is none. The refused one stays. */
  bool use_other();
  /** After `welcome`: the token in use is the first choice from now on. Writes only when that is news. */
  Status confirm_current();
  /** Factory reset. */
  Status erase_all();

 private:
  struct Slot {
    bool valid = false;
    uint32_t generation = 0;
  };
  Status load(int slot);
  Status write_slot(int slot, std::string_view token_id, std::string_view token, char sha256_of_read[kSha256HexBytes]);
  Status store_choice(int first, bool candidate);
  bool select(int slot);

  KeyValueStore& store_;
  Slot slots_[2];
  int in_use_ = -1, first_ = -1;
  bool candidate_ = false;
  char token_[limits::kTokenMaxBytes + 1] = {};
  char token_id_[limits::kNameMaxBytes + 1] = {};
};

}  // namespace fairlead
