#include "fairlead/uplink_window.hpp"

namespace fairlead {

namespace {

uint64_t hash_of(std::string_view boot) {  // FNV-1a
  uint64_t hash = 14695981039346656037ULL;
  for (const char byte : boot) {
    hash ^= static_cast<uint8_t>(byte);
    hash *= 1099511628211ULL;
  }
  return hash;
}

}  // namespace

void UplinkWindow::start(const SessionLimits& limits) {
  count_ = 0;
  bytes_ = 0;
  messages_max_ = limits.window_messages < kWindowMessagesMax ? limits.window_messages : kWindowMessagesMax;
  bytes_max_ = limits.window_bytes;
}

bool UplinkWindow::admits(size_t bytes) const {
  if (count_ >= messages_max_) return false;
  return count_ == 0 || bytes_ + bytes <= bytes_max_;
}

void UplinkWindow::sent(std::string_view boot, uint32_t seq, size_t bytes) {
  if (count_ >= kWindowMessagesMax) return;
  sent_[count_++] = {hash_of(boot), seq, static_cast<uint32_t>(bytes)};
  bytes_ += bytes;
}

void UplinkWindow::acknowledge(std::string_view boot, uint32_t seq) {
  const uint64_t hash = hash_of(boot);
  remove_where([hash, seq](const Sent& sent) { return sent.boot == hash && sent.seq <= seq; });
}

void UplinkWindow::refuse(std::string_view boot, uint32_t seq) {
  const uint64_t hash = hash_of(boot);
  remove_where([hash, seq](const Sent& sent) { return sent.boot == hash && sent.seq == seq; });
}

template <typename Leaves>
void UplinkWindow::remove_where(Leaves leaves) {
  size_t kept = 0;
  for (size_t i = 0; i < count_; i++) {
    if (leaves(sent_[i])) bytes_ -= sent_[i].bytes;
    else sent_[kept++] = sent_[i];
  }
  count_ = kept;
}

}  // namespace fairlead
