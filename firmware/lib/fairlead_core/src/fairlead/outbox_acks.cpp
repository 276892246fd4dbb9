#include "fairlead/outbox_acks.hpp"

#include <cstring>

namespace fairlead {
namespace {

void copy_id(std::string_view from, char* into) {
  const size_t bytes = from.size() < limits::kBootIdMaxBytes ? from.size() : limits::kBootIdMaxBytes;
  std::memcpy(into, from.data(), bytes);
  into[bytes] = 0;
}

}  // namespace

void OutboxAcks::acknowledge(std::string_view boot, uint32_t seq) {
  if (boot.empty()) return;
  Boot* place = &boots_[0];
  for (Boot& known : boots_) {
    if (boot == known.id) {
      if (known.seq < seq) known.seq = seq;
      known.used = ++uses_;
      return;
    }
    if (known.used < place->used) place = &known;  // the one unused longest is forgotten
  }
  copy_id(boot, place->id);
  place->seq = seq;
  place->used = ++uses_;
}

void OutboxAcks::refuse(std::string_view boot, uint32_t seq) {
  if (boot.empty() || is_done(boot, seq)) return;
  Refused& place = refused_[next_refused_];
  next_refused_ = (next_refused_ + 1) % kRefusedMax;
  copy_id(boot, place.id);
  place.seq = seq;
}

bool OutboxAcks::is_done(std::string_view boot, uint32_t seq) const {
  for (const Boot& known : boots_) {
    if (boot == known.id && seq <= known.seq) return true;
  }
  for (const Refused& refused : refused_) {
    if (boot == refused.id && seq == refused.seq) return true;
  }
  return false;
}

void OutboxAcks::clear() { *this = OutboxAcks(); }

}  // namespace fairlead
