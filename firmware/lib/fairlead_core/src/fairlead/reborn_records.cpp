#include "fairlead/reborn_records.hpp"

namespace fairlead {

void RebornRecords::begin(uint32_t first_seq, uint32_t count) {
  *this = RebornRecords();
  next_ = first_seq;
  end_ = first_seq + count;
}

const RebornRecords::Sent* RebornRecords::find(const RecordPosition& position) const {
  for (const Sent& sent : sent_) {
    if (sent.seq != 0 && sent.position == position) return &sent;
  }
  return nullptr;
}

bool RebornRecords::number(const RecordPosition& position, uint32_t& seq) {
  if (const Sent* known = find(position)) {
    seq = known->seq;
    return true;
  }
  if (next_ == end_) return false;
  for (Sent& place : sent_) {
    if (place.seq != 0) continue;
    place = {position, next_, false};
    seq = next_++;
    return true;
  }
  return false;
}

void RebornRecords::acknowledge(uint32_t seq) {
  for (Sent& sent : sent_) {
    if (sent.seq == 0 || sent.seq > seq) continue;
    if (done_ < sent.position) done_ = sent.position;  // they were numbered in the order of their birth
    sent = Sent();
  }
}

void RebornRecords::refuse(uint32_t seq) {
  for (Sent& sent : sent_) sent.refused = sent.refused || (seq != 0 && sent.seq == seq);
}

bool RebornRecords::is_done(const RecordPosition& position) const {
  if (!(done_ < position)) return true;
  const Sent* known = find(position);
  return known == nullptr ? next_ == end_ : known->refused;
}

}  // namespace fairlead
