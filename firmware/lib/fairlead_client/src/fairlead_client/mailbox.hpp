#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fairlead/bytes.hpp"

/** What the sketch's task and the network's task hand to each other, without a lock and without heap. */
namespace fairlead {

/** One letter. Which fields mean something is up to its kind; the views of a received one live until pop(). */
struct Letter {
  uint8_t kind = 0;
  int32_t small = 0;
  uint64_t number = 0;
  std::string_view a, b, c;
};

/**
 * A ring with one writing and one reading task. A letter is whole or absent; one that finds no room is refused, the
 * caller counts it. Letters of at most half the ring always fit into an empty one.
 */
class Mailbox {
 public:
  /** `ring.size` is a power of two and at least 64; the bytes belong to the mailbox from now on. */
  explicit Mailbox(MutableBytes ring) : ring_(ring.data), mask_(static_cast<uint32_t>(ring.size) - 1) {}
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /** Writing task: false when it does not fit now. */
  bool push(const Letter& letter);
  /** Writing task: whether letters with so many bytes of text in all would fit, however they lie. */
  bool has_room(size_t text_bytes, size_t letters = 1) const;
  /** Reading task: the oldest letter, still in the ring. */
  bool front(Letter& letter);
  /** Reading task: forgets the letter that front() gave. */
  void pop();
  /** Either task; a moment later it may be wrong. */
  bool empty() const { return head_.load(std::memory_order_acquire) == tail_.load(std::memory_order_acquire); }

  /** Bytes that a letter takes beside its texts. */
  static constexpr size_t kOverheadBytes = 24;

 private:
  uint32_t capacity() const { return mask_ + 1; }
  uint8_t* ring_;
  uint32_t mask_;
  std::atomic<uint32_t> head_{0};  ///< Free-running; written by the writing task alone.
  std::atomic<uint32_t> tail_{0};  ///< Free-running; written by the reading task alone.
};

}  // namespace fairlead
