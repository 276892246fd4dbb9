#include "mailbox.hpp"

#include <cstring>

namespace fairlead {
namespace {

/** In front of each letter. `filler` is the first byte: the gap before the end of the ring may be shorter than a Head. */
struct alignas(8) Head {
  uint8_t filler;
  uint8_t kind;
  uint16_t text_bytes[3];
  int32_t small;
  uint64_t number;
};
static_assert(sizeof(Head) <= Mailbox::kOverheadBytes, "a letter takes no more than it says");

constexpr uint32_t kAlign = 8;
constexpr size_t kTextMaxBytes = 0xFFFF;

constexpr uint32_t aligned(size_t bytes) { return (static_cast<uint32_t>(bytes) + kAlign - 1) & ~(kAlign - 1); }

size_t text_bytes_of(const Letter& letter) { return letter.a.size() + letter.b.size() + letter.c.size(); }

uint8_t* put(uint8_t* at, std::string_view text) {
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

void write_letter(uint8_t* at, const Letter& letter) {
  Head head{};
  head.kind = letter.kind;
  head.small = letter.small;
  head.number = letter.number;
  head.text_bytes[0] = static_cast<uint16_t>(letter.a.size());
  head.text_bytes[1] = static_cast<uint16_t>(letter.b.size());
  head.text_bytes[2] = static_cast<uint16_t>(letter.c.size());
  std::memcpy(at, &head, sizeof head);
  put(put(put(at + sizeof head, letter.a), letter.b), letter.c);
}

}  // namespace

bool Mailbox::push(const Letter& letter) {
  if (letter.a.size() > kTextMaxBytes || letter.b.size() > kTextMaxBytes || letter.c.size() > kTextMaxBytes) return false;
  const size_t text = text_bytes_of(letter);
  if (text + kOverheadBytes > capacity() / 2) return false;
  const uint32_t need = aligned(sizeof(Head) + text);
  const uint32_t head = head_.load(std::memory_order_relaxed);
  const uint32_t used = head - tail_.load(std::memory_order_acquire);
  const uint32_t to_end = capacity() - (head & mask_);
  const uint32_t gap = need > to_end ? to_end : 0;
  if (used + gap + need > capacity()) return false;
  if (gap != 0) ring_[head & mask_] = 1;
  write_letter(ring_ + ((head + gap) & mask_), letter);
  head_.store(head + gap + need, std::memory_order_release);
  return true;
}

bool Mailbox::has_room(size_t text_bytes, size_t letters) const {
  const uint32_t used = head_.load(std::memory_order_relaxed) - tail_.load(std::memory_order_acquire);
  const size_t need = text_bytes + letters * (kOverheadBytes + kAlign);
  return used + 2 * need <= capacity();  // twice: the gap before the end is shorter than the letter that leaves it
}

bool Mailbox::front(Letter& letter) {
  uint32_t tail = tail_.load(std::memory_order_relaxed);
  if (tail == head_.load(std::memory_order_acquire)) return false;
  if (ring_[tail & mask_] != 0) {
    tail += capacity() - (tail & mask_);
    tail_.store(tail, std::memory_order_release);
  }
  const uint8_t* at = ring_ + (tail & mask_);
  Head head;
  std::memcpy(&head, at, sizeof head);
  const char* text = reinterpret_cast<const char*>(at + sizeof head);
  letter.kind = head.kind;
  letter.small = head.small;
  letter.number = head.number;
  letter.a = {text, head.text_bytes[0]};
  letter.b = {text + letter.a.size(), head.text_bytes[1]};
  letter.c = {text + letter.a.size() + letter.b.size(), head.text_bytes[2]};
  return true;
}

void Mailbox::pop() {
  Letter letter;
  if (!front(letter)) return;
  const uint32_t tail = tail_.load(std::memory_order_relaxed);
  tail_.store(tail + aligned(sizeof(Head) + text_bytes_of(letter)), std::memory_order_release);
}

}  // namespace fairlead
