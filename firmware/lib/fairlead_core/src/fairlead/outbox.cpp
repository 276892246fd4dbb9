#include "fairlead/outbox.hpp"

#include <cstring>

#include "fairlead/names.hpp"

namespace fairlead {
namespace {

/** What a frame has around the JSON of a record at most, with a boot id and the longest time: counted from [T-1]. */
constexpr size_t kTelemetryFrameBytes = 140;
/** The same of an event [T-6], without its name. */
constexpr size_t kEventFrameBytes = 128;
/** Before the name and the payload of a channel [B-1]. */
constexpr size_t kChannelFrameBytes = 6;

}  // namespace

Outbox::Outbox(MutableBytes ring, FlashRegion* flash, Clock& clock, Entropy& entropy)
    : clock_(clock), entropy_(entropy), ring_(ring), log_(flash) {}

Status Outbox::begin(std::string_view boot_id, uint32_t first_seq) {
  if (!is_boot_id(boot_id) || first_seq == 0) return Status::Invalid;
  std::memcpy(boot_, boot_id.data(), boot_id.size());
  boot_[boot_id.size()] = 0;
  ring_.clear();
  acks_.clear();
  stats_ = {};
  online_ = wall_known_ = stored_without_wall_ = false;
  flash_written_bytes_ = 0;
  offline_since_ms_ = clock_.mono_ms();
  released_since_save_ = highest_sent_seq_ = 0;
  const Status status = log_.mount(boot_id, entropy_.u32());
  wear_.begin(log_.bytes(), clock_.mono_ms());
  const uint32_t highest_seq = log_.highest_seq_of_boot();
  next_seq_ = highest_seq >= first_seq ? highest_seq + 1 : first_seq;
  reborn_.begin(next_seq_, log_.channels_found());
  next_seq_ += log_.channels_found();
  // A boot id that a deep sleep kept: what it numbered before may have been sent.
  highest_sent_seq_ = next_seq_ - 1;
  rewind();
  begun_ = true;
  return status == Status::IoError ? status : Status::Ok;
}

Status Outbox::check(std::string_view name, std::string_view body, size_t frame_bytes, size_t limit_bytes) {
  if (!begun_ || next_seq_ == 0) return Status::NotReady;
  if (!name.empty() && !is_name(name)) return Status::Invalid;
  const size_t bytes = name.size() + body.size();
  if (bytes <= limits::kRecordMaxBytes && bytes + frame_bytes <= limit_bytes) return Status::Ok;
  ++stats_.refused_too_large;  // [T-7] it would come back as a nack
  return Status::TooLarge;
}

Status Outbox::push_telemetry(RecordClass cls, std::string_view key, std::string_view values_json, uint32_t& seq,
                              uint64_t born_mono_ms) {
  const Status status = check(key, values_json, kTelemetryFrameBytes, payload_limit_bytes_);
  if (status != Status::Ok) return status;
  if (values_json.empty() || cls == RecordClass::Event) return Status::Invalid;  // [T-1] at least one value
  RingRecord record;
  record.cls = cls == RecordClass::Latest && !key.empty() ? RecordClass::Latest : RecordClass::Stream;
  record.born_mono_ms = born_mono_ms == kBornNow ? clock_.mono_ms() : born_mono_ms;
  if (record.cls == RecordClass::Latest) record.name = key;
  record.json = values_json;
  if (record.cls == RecordClass::Latest && coalesce(record, seq)) return Status::Ok;
  return push(record, seq);
}

Status Outbox::push_event(std::string_view name, std::string_view data_json, uint32_t& seq, uint64_t born_mono_ms) {
  const Status status = check(name, data_json, kEventFrameBytes, payload_limit_bytes_);
  if (status != Status::Ok) return status;
  if (name.empty()) return Status::Invalid;
  RingRecord record;
  record.cls = RecordClass::Event;
  record.born_mono_ms = born_mono_ms == kBornNow ? clock_.mono_ms() : born_mono_ms;
  record.name = name;
  record.json = data_json;
  return push(record, seq);
}

Status Outbox::push_channel(RecordClass cls, std::string_view channel, ByteView payload, uint32_t& seq,
                            uint64_t born_mono_ms) {
  const std::string_view body = text_of(payload);
  const Status status = check(channel, body, kChannelFrameBytes, frame_limit_bytes_);
  if (status != Status::Ok) return status;
  if (channel.empty()) return Status::Invalid;
  RingRecord record;
  record.cls = cls == RecordClass::Event ? RecordClass::Event : RecordClass::Stream;
  record.is_channel = true;
  record.born_mono_ms = born_mono_ms == kBornNow ? clock_.mono_ms() : born_mono_ms;
  record.name = channel;
  record.json = body;
  return push(record, seq);
}

/** Older events go first, so that the log keeps their order. */
bool Outbox::store_event_now(const RingRecord& record) {
  if (!log_.is_mounted()) return false;
  size_t budget = SIZE_MAX;
  return spill_class(RecordClass::Event, budget) == Status::Ok && store(record) == Status::Ok;
}

Status Outbox::push(RingRecord record, uint32_t& seq) {
  record.seq = next_seq_;
  if (record.cls == RecordClass::Event && !online_ && store_event_now(record)) {
    seq = next_seq_++;
    return Status::Ok;
  }
  const size_t bytes = RecordRing::bytes_for(record.name.size(), record.json.size());
  if (!make_room(bytes, record.cls)) {
    count_drop(record.cls);
    return Status::Full;
  }
  const Status status = ring_.append(record);
  if (status == Status::Ok) seq = next_seq_++;  // after the last it is 0, and nothing more is taken
  return status;
}

/** A newer value of the same key takes the place, and the seq, of the one that waits. */
bool Outbox::coalesce(const RingRecord& record, uint32_t& seq) {
  for (int i = 0; i < 2; ++i) {
    const size_t at = ring_.find_newest_of_key(record.name);
    if (at == ring_.end()) return false;
    const uint32_t seq_there = ring_.read(at).seq;
    if (seq_there <= highest_sent_seq_) return false;
    if (ring_.replace_value(at, record.json, record.born_mono_ms) == Status::Ok) {
      ++stats_.coalesced;
      seq = seq_there;
      return true;
    }
    if (!make_room(RecordRing::bytes_for(record.name.size(), record.json.size()), record.cls)) return false;
  }
  return false;
}

bool Outbox::make_room(size_t bytes, RecordClass for_class) {
  if (bytes > ring_.capacity_bytes()) return false;
  bool flash_takes_more = log_.is_mounted();
  while (bytes > ring_.capacity_bytes() - ring_.used_bytes()) {
    if (flash_takes_more) {
      const Status status = spill(ring_.first());
      if (status == Status::Ok) continue;
      flash_takes_more = status == Status::Full;  // full for this class, maybe not for the next
    }
    const size_t loser = choose_loser(for_class);
    if (loser == ring_.end()) return false;
    count_drop(ring_.read(loser).cls);
    ring_.remove(loser);
  }
  return true;
}

/** Streams, then latest values, then events; never one of a better class than what comes. */
size_t Outbox::choose_loser(RecordClass for_class) const {
  const RecordClass order[] = {RecordClass::Stream, RecordClass::Latest, RecordClass::Event};
  for (const RecordClass cls : order) {
    const size_t at = ring_.find_oldest(cls);
    if (at != ring_.end()) return at;
    if (cls == for_class) break;
  }
  return ring_.end();
}

void Outbox::count_drop(RecordClass cls) {
  if (cls == RecordClass::Event) ++stats_.dropped_event;
  if (cls == RecordClass::Stream) ++stats_.dropped_stream;
  if (cls == RecordClass::Latest) ++stats_.dropped_latest;
}

OutboxStats Outbox::stats() const {
  OutboxStats stats = stats_;
  const LogLosses& losses = log_.losses();
  stats.in_ram = static_cast<uint32_t>(ring_.count());
  stats.in_flash = static_cast<uint32_t>(log_.live_records());
  stats.queued = stats.in_ram + stats.in_flash;
  stats.dropped_latest += losses.dropped[static_cast<size_t>(RecordClass::Latest)];
  stats.dropped_stream += losses.dropped[static_cast<size_t>(RecordClass::Stream)];
  stats.dropped_event += losses.dropped[static_cast<size_t>(RecordClass::Event)];
  stats.torn_sectors = losses.torn_sectors;
  stats.flash_written_kib = static_cast<uint32_t>(flash_written_bytes_ / 1024);
  stats.wear_pauses = wear_.pauses();
  stats.flash_erasures = log_.most_erasures();
  return stats;
}

Status Outbox::erase_all() {
  ring_.clear();
  acks_.clear();
  const Status status = log_.erase_all();
  rewind();
  return status == Status::NotReady ? Status::Ok : status;
}

}  // namespace fairlead
