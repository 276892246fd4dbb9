#include "fairlead/record_ring.hpp"

#include <cstring>

#include "fairlead/little_endian.hpp"

namespace fairlead {
namespace {

// Whole bytes 0, class and channel bit 2, name bytes 3, seq 4, birth 8, then name and JSON.
constexpr size_t kHeadBytes = 16;
constexpr uint8_t kChannelBit = 0x80;

}  // namespace

size_t RecordRing::bytes_for(size_t name_bytes, size_t json_bytes) { return kHeadBytes + name_bytes + json_bytes; }

void RecordRing::move_to_front() {
  if (begin_ == 0) return;
  std::memmove(bytes_.data, bytes_.data + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
}

Status RecordRing::append(const RingRecord& record) {
  const size_t bytes = bytes_for(record.name.size(), record.json.size());
  if (bytes > UINT16_MAX || record.name.size() > UINT8_MAX) return Status::TooLarge;
  if (bytes > bytes_.size - used_bytes()) return Status::Full;
  if (bytes > bytes_.size - end_) move_to_front();
  uint8_t* at = bytes_.data + end_;
  put_little_endian<uint16_t>(at, static_cast<uint16_t>(bytes));
  at[2] = static_cast<uint8_t>(static_cast<uint8_t>(record.cls) | (record.is_channel ? kChannelBit : 0));
  at[3] = static_cast<uint8_t>(record.name.size());
  put_little_endian<uint32_t>(at + 4, record.seq);
  put_little_endian<uint64_t>(at + 8, record.born_mono_ms);
  if (!record.name.empty()) std::memcpy(at + kHeadBytes, record.name.data(), record.name.size());
  if (!record.json.empty()) std::memcpy(at + kHeadBytes + record.name.size(), record.json.data(), record.json.size());
  end_ += bytes;
  ++count_;
  return Status::Ok;
}

size_t RecordRing::next(size_t at) const { return at + get_little_endian<uint16_t>(bytes_.data + at); }

RingRecord RecordRing::read(size_t at) const {
  const uint8_t* from = bytes_.data + at;
  const size_t body_bytes = get_little_endian<uint16_t>(from) - kHeadBytes;
  const std::string_view body = text_of({from + kHeadBytes, body_bytes});
  RingRecord record;
  record.cls = static_cast<RecordClass>(from[2] & ~kChannelBit);
  record.is_channel = (from[2] & kChannelBit) != 0;
  record.seq = get_little_endian<uint32_t>(from + 4);
  record.born_mono_ms = get_little_endian<uint64_t>(from + 8);
  record.name = slice(body, 0, from[3]);
  record.json = slice(body, from[3], body.size());
  return record;
}

void RecordRing::remove(size_t at) {
  const size_t behind = next(at);
  if (at == begin_) {
    begin_ = behind;
  } else {
    std::memmove(bytes_.data + at, bytes_.data + behind, end_ - behind);
    end_ -= behind - at;
  }
  if (--count_ == 0) begin_ = end_ = 0;
}

Status RecordRing::replace_value(size_t at, std::string_view json, uint64_t born_mono_ms) {
  const RingRecord old = read(at);
  const size_t bytes = bytes_for(old.name.size(), json.size());
  const size_t old_bytes = next(at) - at;
  if (bytes > UINT16_MAX) return Status::TooLarge;
  if (bytes > old_bytes && bytes - old_bytes > bytes_.size - used_bytes()) return Status::Full;
  if (bytes > old_bytes && bytes - old_bytes > bytes_.size - end_) {
    at -= begin_;
    move_to_front();
  }
  uint8_t* record = bytes_.data + at;
  const size_t behind = at + old_bytes;
  std::memmove(record + bytes, bytes_.data + behind, end_ - behind);
  end_ = end_ - old_bytes + bytes;
  put_little_endian<uint16_t>(record, static_cast<uint16_t>(bytes));
  put_little_endian<uint64_t>(record + 8, born_mono_ms);
  if (!json.empty()) std::memcpy(record + bytes - json.size(), json.data(), json.size());
  return Status::Ok;
}

size_t RecordRing::find_oldest(RecordClass cls) const {
  size_t at = first();
  while (at != end() && read(at).cls != cls) at = next(at);
  return at;
}

size_t RecordRing::find_after(uint32_t seq) const {
  size_t at = first();
  while (at != end() && read(at).seq <= seq) at = next(at);
  return at;
}

size_t RecordRing::find_seq(uint32_t seq) const {
  size_t at = first();
  while (at != end() && read(at).seq != seq) at = next(at);
  return at;
}

size_t RecordRing::find_newest_of_key(std::string_view key) const {
  size_t found = end();
  for (size_t at = first(); at != end(); at = next(at)) {
    const RingRecord record = read(at);
    if (record.cls == RecordClass::Latest && record.name == key) found = at;
  }
  return found;
}

}  // namespace fairlead
