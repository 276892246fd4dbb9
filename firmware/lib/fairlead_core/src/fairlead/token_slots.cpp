#include "fairlead/token_slots.hpp"

#include <cstring>

#include "fairlead/crc32.hpp"
#include "fairlead/little_endian.hpp"
#include "fairlead/names.hpp"

namespace fairlead {
namespace {

constexpr const char* kSlotKeys[] = {"token_a", "token_b"};
constexpr char kChoiceKey[] = "token_choice";
// A slot: version 0, id bytes 1, token bytes 2, generation 4, CRC 8, id 12, token.
// The choice: version 0, first slot 1, candidate 2, zero 3, CRC 4.
constexpr uint8_t kVersion = 1;
constexpr size_t kSlotCrcAt = 8, kIdAt = 12, kChoiceCrcAt = 4, kChoiceBytes = 8;
constexpr size_t kSlotMaxBytes = kIdAt + limits::kNameMaxBytes + limits::kTokenMaxBytes;

uint32_t slot_crc(const uint8_t* slot, size_t size) {
  return crc32({slot + kIdAt, size - kIdAt}, crc32({slot, kSlotCrcAt}));
}

bool is_whole(const uint8_t* slot, size_t size) {
  if (size < kIdAt || slot[0] != kVersion || slot[1] > limits::kNameMaxBytes) return false;
  const size_t token_bytes = get_little_endian<uint16_t>(slot + 2);
  if (token_bytes == 0 || token_bytes > limits::kTokenMaxBytes || size != kIdAt + slot[1] + token_bytes) return false;
  return get_little_endian<uint32_t>(slot + kSlotCrcAt) == slot_crc(slot, size);
}

}  // namespace

Status TokenSlots::begin() {
  in_use_ = first_ = -1;
  candidate_ = false;
  token_[0] = token_id_[0] = 0;
  for (int slot = 0; slot < 2; ++slot) {
    const Status status = load(slot);
    if (status == Status::IoError) return status;
  }
  uint8_t choice[kChoiceBytes];
  size_t size = 0;
  const Status status = store_.get(kChoiceKey, {choice, sizeof choice}, size);
  if (status == Status::IoError) return status;
  if (status == Status::Ok && size == kChoiceBytes && choice[0] == kVersion && choice[1] < 2 &&
      get_little_endian<uint32_t>(choice + kChoiceCrcAt) == crc32({choice, kChoiceCrcAt})) {
    first_ = choice[1];
    candidate_ = choice[2] != 0;
  } else {
    first_ = slots_[1].valid && (!slots_[0].valid || slots_[1].generation > slots_[0].generation) ? 1 : 0;
  }
  if (!slots_[first_].valid) {
    first_ = 1 - first_;
    candidate_ = false;
  }
  return select(first_) ? Status::Ok : Status::NotFound;
}

/** Reads a slot; what it holds becomes the current text only in select(). */
Status TokenSlots::load(int slot) {
  uint8_t bytes[kSlotMaxBytes];
  size_t size = 0;
  slots_[slot] = {};
  const Status status = store_.get(kSlotKeys[slot], {bytes, sizeof bytes}, size);
  if (status == Status::IoError) return status;
  if (status != Status::Ok || !is_whole(bytes, size)) return Status::NotFound;
  slots_[slot].valid = true;
  slots_[slot].generation = get_little_endian<uint32_t>(bytes + 4);
  return Status::Ok;
}

bool TokenSlots::select(int slot) {
  uint8_t bytes[kSlotMaxBytes];
  size_t size = 0;
  if (!slots_[slot].valid || store_.get(kSlotKeys[slot], {bytes, sizeof bytes}, size) != Status::Ok) return false;
  if (!is_whole(bytes, size)) return false;
  const size_t id_bytes = bytes[1], token_bytes = get_little_endian<uint16_t>(bytes + 2);
  std::memcpy(token_id_, bytes + kIdAt, id_bytes);
  token_id_[id_bytes] = 0;
  std::memcpy(token_, bytes + kIdAt + id_bytes, token_bytes);
  token_[token_bytes] = 0;
  in_use_ = slot;
  return true;
}

/** Writes and reads back: only what the store gives again counts [K-8]. */
Status TokenSlots::write_slot(int slot, std::string_view token_id, std::string_view token,
                              char sha256_of_read[kSha256HexBytes]) {
  const uint32_t highest = slots_[0].generation > slots_[1].generation ? slots_[0].generation : slots_[1].generation;
  uint8_t bytes[kSlotMaxBytes];
  bytes[0] = kVersion;
  bytes[1] = static_cast<uint8_t>(token_id.size());
  put_little_endian<uint16_t>(bytes + 2, static_cast<uint16_t>(token.size()));
  put_little_endian<uint32_t>(bytes + 4, highest + 1);
  if (!token_id.empty()) std::memcpy(bytes + kIdAt, token_id.data(), token_id.size());
  std::memcpy(bytes + kIdAt + token_id.size(), token.data(), token.size());
  size_t size = kIdAt + token_id.size() + token.size();
  put_little_endian<uint32_t>(bytes + kSlotCrcAt, slot_crc(bytes, size));
  if (store_.put(kSlotKeys[slot], {bytes, size}) != Status::Ok) return Status::IoError;

  std::memset(bytes, 0, sizeof bytes);
  if (store_.get(kSlotKeys[slot], {bytes, sizeof bytes}, size) != Status::Ok) return Status::IoError;
  if (!is_whole(bytes, size)) return Status::IoError;
  slots_[slot].valid = true;
  slots_[slot].generation = highest + 1;
  const size_t at = kIdAt + bytes[1];
  sha256_hex({bytes + at, size - at}, sha256_of_read);
  return Status::Ok;
}

Status TokenSlots::store_choice(int first, bool candidate) {
  if (first == first_ && candidate == candidate_) return Status::Ok;
  uint8_t choice[kChoiceBytes] = {kVersion, static_cast<uint8_t>(first), static_cast<uint8_t>(candidate), 0};
  put_little_endian<uint32_t>(choice + kChoiceCrcAt, crc32({choice, kChoiceCrcAt}));
  const Status status = store_.put(kChoiceKey, {choice, sizeof choice});
  if (status != Status::Ok) return status;
  first_ = first;
  candidate_ = candidate;
  return Status::Ok;
}

bool TokenSlots::has_other() const { return has_token() && slots_[1 - in_use_].valid; }

Status TokenSlots::provision(std::string_view token, std::string_view token_id) {
  if (!is_token(token) || (!token_id.empty() && !is_name(token_id))) return Status::Invalid;
  const int slot = in_use_ == 0 ? 1 : 0;
  char sha256[kSha256HexBytes];
  const Status written = write_slot(slot, token_id, token, sha256);
  if (written != Status::Ok) return written;
  const Status chosen = store_choice(slot, false);
  if (chosen != Status::Ok) return chosen;
  return select(slot) ? Status::Ok : Status::IoError;
}

Status TokenSlots::store_candidate(std::string_view token_id, std::string_view token,
                                   char sha256_of_read[kSha256HexBytes]) {
  if (!is_token(token) || !is_name(token_id)) return Status::Invalid;
  // A candidate that waits for the next connect may be replaced. What is in use must have been confirmed: it is either
  // the first choice, or the one that such a candidate is to follow.
  if (!has_token() || (in_use_ == first_) == candidate_) return Status::NotReady;
  if (token == token_) {  // told again of the one in use
    sha256_hex(bytes_of(token_), sha256_of_read);
    return Status::Ok;
  }
  const int slot = 1 - in_use_;
  const Status written = write_slot(slot, token_id, token, sha256_of_read);
  return written == Status::Ok ? store_choice(slot, true) : written;
}

void TokenSlots::use_first() {
  if (first_ >= 0 && in_use_ != first_) select(first_);
}

bool TokenSlots::use_other() { return has_other() && select(1 - in_use_); }

Status TokenSlots::confirm_current() { return has_token() ? store_choice(in_use_, false) : Status::NotReady; }

Status TokenSlots::erase_all() {
  Status result = Status::Ok;
  for (const char* key : {kSlotKeys[0], kSlotKeys[1], static_cast<const char*>(kChoiceKey)}) {
    const Status status = store_.remove(key);
    if (status != Status::Ok && status != Status::NotFound) result = status;
  }
  const Status loaded = begin();
  return result == Status::Ok && loaded != Status::NotFound ? Status::IoError : result;
}

}  // namespace fairlead
