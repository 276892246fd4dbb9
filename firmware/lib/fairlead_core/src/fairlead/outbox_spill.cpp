#include "fairlead/outbox.hpp"

namespace fairlead {

/** With its Unix time where that is known by now: after a restart its mono time says nothing. */
Status Outbox::store(const RingRecord& record) {
  // A planned restart comes seldom, and without it the records would be gone.
  if (!flushing_ && !wear_.admits(record.cls == RecordClass::Event, clock_.mono_ms())) return Status::NotReady;
  LogEntry entry;
  entry.cls = record.cls;
  entry.seq = record.seq;
  const RecordTime time = time_of(false, record.born_mono_ms, log_.life());
  entry.is_wall_time = time.kind == TimeKind::Wall;
  entry.time_ms = entry.is_wall_time ? time.ms : record.born_mono_ms;
  entry.is_channel = record.is_channel;
  if (record.cls != RecordClass::Latest) entry.name = record.name;  // a key has done its work in RAM
  entry.json = record.json;
  const Status status = log_.append(entry);
  if (status != Status::Ok && status != Status::Full) ++stats_.flash_errors;
  if (status == Status::Ok) {
    const size_t bytes = flash_format::block_bytes(entry.name.size() + entry.json.size());
    wear_.spend(bytes);
    flash_written_bytes_ += bytes;
    stored_without_wall_ = stored_without_wall_ || !entry.is_wall_time;
  }
  return status;
}


Status Outbox::spill(size_t at) {
  const Status status = store(ring_.read(at));
  if (status == Status::Ok) ring_.remove(at);
  return status;
}

Status Outbox::spill_class(RecordClass cls, size_t& budget) {
  for (; budget > 0; --budget) {
    const size_t at = ring_.find_oldest(cls);
    if (at == ring_.end()) return Status::Ok;
    const Status status = spill(at);
    if (status != Status::Ok) return status;
  }
  return Status::Ok;
}

void Outbox::spill_under_pressure(size_t& budget) {
  const size_t percent = ring_.capacity_bytes() / 100;
  if (ring_.used_bytes() <= kSpillAbovePercent * percent && !under_pressure_) return;
  under_pressure_ = true;
  for (; budget > 0 && ring_.used_bytes() > kSpillDownToPercent * percent; --budget) {
    if (spill(ring_.first()) == Status::Ok) continue;
    under_pressure_ = false;
    return;
  }
  under_pressure_ = ring_.used_bytes() > kSpillDownToPercent * percent;
}

void Outbox::set_online(bool online) {
  if (online_ && !online) offline_since_ms_ = clock_.mono_ms();
  online_ = online;
}

void Outbox::tick() {
  if (!begun_ || !log_.is_mounted()) return;
  size_t budget = kSpillRecordsPerTick;
  // What fails is tried again at the next tick; append() itself has tried two sectors.
  if (!online_ && spill_class(RecordClass::Event, budget) != Status::Ok) budget = 0;
  if (!online_ && clock_.mono_ms() - offline_since_ms_ > kSpillAfterOfflineMs) {
    if (spill_class(RecordClass::Stream, budget) != Status::Ok) budget = 0;
  }
  spill_under_pressure(budget);
}

Status Outbox::flush() {
  if (!begun_ || !log_.is_mounted()) return ring_.count() == 0 ? Status::Ok : Status::NotReady;
  flushing_ = true;
  const Status result = spill_all();
  flushing_ = false;
  if (result == Status::IoError) return result;
  // So that what was acknowledged is not sent again after the restart; without it, it is repeated and no harm done.
  if (log_.save_progress() == Status::Ok) released_since_save_ = 0;
  return result;
}

/** Also what stands behind a record that finds no room. */
Status Outbox::spill_all() {
  Status result = Status::Ok;
  for (size_t at = ring_.first(); ring_.count() > 0 && at != ring_.end();) {
    const size_t before = ring_.count();
    const bool was_first = at == ring_.first();
    const Status status = spill(at);
    if (status == Status::IoError) return status;
    if (status != Status::Ok) result = status;
    if (ring_.count() == before) at = ring_.next(at);
    else if (was_first) at = ring_.first();
  }
  return result;
}

}  // namespace fairlead
