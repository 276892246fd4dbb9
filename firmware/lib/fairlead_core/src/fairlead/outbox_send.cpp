#include <cstring>

#include "fairlead/outbox.hpp"

namespace fairlead {

bool Outbox::peek_unsent(OutboxRecord& record, MutableBytes scratch) {
  LogRecord stored;
  const Status status = find_unsent(stored);
  // What cannot be read just now must not be passed over: a later ack would cover it unsent.
  if (status == Status::IoError) return false;
  const size_t at = sent_.life == log_.life() ? ring_.find_after(sent_.seq) : ring_.first();
  if (at == ring_.end()) return status == Status::Ok && fill(stored, record, scratch);
  const RingRecord waiting = ring_.read(at);
  const RecordPosition in_ram = {log_.life(), waiting.seq};
  if (status == Status::Ok && stored.position < in_ram) return fill(stored, record, scratch);
  return fill(waiting, record, scratch);
}

/** The oldest in the log that is neither sent nor done. */
Status Outbox::find_unsent(LogRecord& best) {
  bool found = false;
  for (size_t cls = 0; cls < kRecordClasses; ++cls) {
    LogRecord record;
    const Status status = find_unsent_of(static_cast<RecordClass>(cls), record);
    if (status == Status::IoError) return status;
    if (status != Status::Ok || (found && best.position < record.position)) continue;
    best = record;
    found = true;
  }
  return found ? Status::Ok : Status::NotFound;
}

Status Outbox::find_unsent_of(RecordClass cls, LogRecord& record) {
  LogCursor& cursor = unsent_[static_cast<size_t>(cls)];
  for (;;) {
    Status status = log_.front(cls, cursor, record);
    if (status != Status::Ok) return status;
    bool done = !(sent_ < record.position);
    if (!done) status = is_done(record, done);
    if (status != Status::Ok || !done) return status;
    log_.skip(cursor, record);
  }
}

Status Outbox::is_done(const LogRecord& record, bool& done) {
  std::string_view boot;
  const Status status = log_.boot_of(record, boot);
  // A record of nobody knows which boot cannot be sent: it would take the place of another.
  done = status == Status::NotFound;
  if (status == Status::Ok) {
    done = is_reborn(record, boot) ? reborn_.is_done(record.position) : acks_.is_done(boot, record.position.seq);
  }
  return status == Status::IoError ? status : Status::Ok;
}

RecordTime Outbox::time_of(bool is_wall, uint64_t ms, uint32_t life) const {
  if (is_wall) return {TimeKind::Wall, ms};
  int64_t wall_minus_mono_ms = wall_minus_mono_ms_;
  if (life != log_.life() && !log_.wall_offset_of(life, wall_minus_mono_ms)) return {TimeKind::Unknown, 0};
  if (life == log_.life() && !wall_known_) {
    const uint64_t now_ms = clock_.mono_ms();
    return {TimeKind::Age, now_ms > ms ? now_ms - ms : 0};
  }
  const int64_t wall_ms = static_cast<int64_t>(ms) + wall_minus_mono_ms;
  return {TimeKind::Wall, wall_ms > 0 ? static_cast<uint64_t>(wall_ms) : 0};
}

bool Outbox::fill(const LogRecord& from, OutboxRecord& record, MutableBytes scratch) {
  std::string_view boot;
  if (log_.boot_of(from, boot) != Status::Ok || log_.read_body(from, scratch) != Status::Ok) return false;
  record = {};
  record.seq = from.position.seq;
  if (is_reborn(from, boot)) {
    if (!reborn_.number(from.position, record.seq)) return false;
    boot = boot_;  // [B-4]
  }
  record.cls = from.cls;
  record.is_channel = from.is_channel;
  record.is_event = from.cls == RecordClass::Event && !from.is_channel;
  record.has_boot = boot != boot_;
  std::memcpy(record.boot, boot.data(), boot.size());
  record.position = from.position;
  record.time = time_of(from.is_wall_time, from.time_ms, from.position.life);
  const std::string_view body = text_of({scratch.data, from.body_bytes});
  record.name = slice(body, 0, from.name_bytes);
  record.json = slice(body, from.name_bytes, body.size());
  return true;
}

bool Outbox::fill(const RingRecord& from, OutboxRecord& record, MutableBytes scratch) const {
  record = {};
  record.cls = from.cls;
  record.is_channel = from.is_channel;
  record.is_event = from.cls == RecordClass::Event && !from.is_channel;
  std::memcpy(record.boot, boot_, sizeof boot_);
  record.seq = from.seq;
  record.position = {log_.life(), from.seq};
  record.time = time_of(false, from.born_mono_ms, log_.life());
  const size_t name_bytes = record.cls == RecordClass::Latest ? 0 : from.name.size();
  if (name_bytes + from.json.size() > scratch.size) return false;
  if (name_bytes > 0) std::memcpy(scratch.data, from.name.data(), name_bytes);
  if (!from.json.empty()) std::memcpy(scratch.data + name_bytes, from.json.data(), from.json.size());
  const std::string_view body = text_of({scratch.data, name_bytes + from.json.size()});
  record.name = slice(body, 0, name_bytes);
  record.json = slice(body, name_bytes, body.size());
  return true;
}

void Outbox::mark_sent(const OutboxRecord& record) {
  if (sent_ < record.position) sent_ = record.position;
  if (record.position.life == log_.life() && record.seq > highest_sent_seq_) highest_sent_seq_ = record.seq;
}

void Outbox::rewind() {
  sent_ = {};
  for (size_t cls = 0; cls < kRecordClasses; ++cls) unsent_[cls] = log_.oldest(static_cast<RecordClass>(cls));
}

void Outbox::acknowledge(std::string_view boot, uint32_t seq) {
  if (boot.empty()) boot = boot_;
  acks_.acknowledge(boot, seq);
  if (boot == boot_) {
    reborn_.acknowledge(seq);
    while (ring_.count() > 0 && ring_.read(ring_.first()).seq <= seq) ring_.remove(ring_.first());
  }
  release_done();
}

void Outbox::refuse(std::string_view boot, uint32_t seq) {
  if (boot.empty()) boot = boot_;
  if (acks_.is_done(boot, seq)) return;
  ++stats_.refused;
  acks_.refuse(boot, seq);
  if (boot == boot_) reborn_.refuse(seq);
  const size_t at = boot == boot_ ? ring_.find_seq(seq) : ring_.end();
  if (at != ring_.end()) ring_.remove(at);
  release_done();
}

/** The log gives back what is done at the front of each class. */
void Outbox::release_done() {
  if (log_.live_records() == 0 && released_since_save_ == 0) return;
  for (size_t i = 0; i < kRecordClasses; ++i) {
    const RecordClass cls = static_cast<RecordClass>(i);
    LogCursor cursor = log_.oldest(cls);
    LogRecord record;
    while (log_.front(cls, cursor, record) == Status::Ok) {
      bool done = false;
      std::string_view boot;
      if (is_done(record, done) != Status::Ok || !done) break;
      if (log_.boot_of(record, boot) == Status::NotFound) ++stats_.unreadable;
      if (log_.release_front(cls) != Status::Ok) break;
      ++released_since_save_;
      cursor = log_.oldest(cls);
    }
  }
  if (released_since_save_ == 0) return;
  note_progress();
  if (released_since_save_ < kProgressEvery && log_.live_records() > 0) return;
  // Where it cannot be written, more is sent again after a power cut, and the gateway knows the repeats.
  if (log_.save_progress() == Status::Ok) released_since_save_ = 0;
}

/** Everything before the first record that is kept, in flash or in RAM, is done. */
void Outbox::note_progress() {
  RecordPosition first = {log_.life(), next_seq_ == 0 ? UINT32_MAX : next_seq_};
  if (ring_.count() > 0) first.seq = ring_.read(ring_.first()).seq;
  for (size_t i = 0; i < kRecordClasses; ++i) {
    LogCursor cursor = log_.oldest(static_cast<RecordClass>(i));
    LogRecord record;
    const Status status = log_.front(static_cast<RecordClass>(i), cursor, record);
    if (status == Status::IoError) return;
    if (status == Status::Ok && record.position < first) first = record.position;
  }
  log_.note_progress(first);
}

void Outbox::set_wall_clock_offset(int64_t wall_minus_mono_ms) {
  wall_minus_mono_ms_ = wall_minus_mono_ms;
  wall_known_ = true;
  // Where it finds no room now, the next `welcome` tries again.
  if (stored_without_wall_ && log_.save_wall_offset(wall_minus_mono_ms) == Status::Ok) stored_without_wall_ = false;
}

}  // namespace fairlead
