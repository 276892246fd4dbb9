#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fakes/fake_clock.hpp"
#include "fakes/fake_entropy.hpp"
#include "fakes/nor_flash.hpp"
#include "fairlead/outbox.hpp"

/**
 * What a device was promised, in the plainest words: a list of what was pushed, and for each record whether the caller
 * was told that it is in flash and whether the gateway said that it is done. A log read after a power cut is held
 * against it.
 */
namespace fairlead::fakes {

struct ModelRecord {
  RecordClass cls = RecordClass::Stream;
  std::string name, json;
  bool promised = false;  ///< The caller was told that it is in flash.
  bool done = false;      ///< Acknowledged or refused by the gateway.
};

struct DrainedRecord {
  std::string boot, name, json;
  uint32_t seq = 0;
  bool is_event = false;
};

/** Everything an outbox would send in one session. */
inline std::vector<DrainedRecord> drain(Outbox& outbox) {
  std::vector<DrainedRecord> drained;
  static uint8_t scratch[limits::kRecordMaxBytes];
  OutboxRecord record;
  outbox.rewind();
  while (outbox.peek_unsent(record, {scratch, sizeof scratch})) {
    drained.push_back({record.boot, std::string(record.name), std::string(record.json), record.seq, record.is_event});
    outbox.mark_sent(record);
  }
  return drained;
}

class OutboxModel {
 public:
  void start(const std::string& boot) { boots_.push_back(boot); }
  void push(uint32_t seq, RecordClass cls, const std::string& name, const std::string& json) {
    ModelRecord& record = records_[key(boots_.back(), seq)];
    record.cls = cls;
    record.name = name;
    record.json = json;
    record.promised = false;
  }
  void promise(uint32_t seq) { records_.at(key(boots_.back(), seq)).promised = true; }
  /** flush() was Ok: everything of this boot that is not done. */
  void promise_all() {
    for (auto& [where, record] : records_) record.promised = record.promised || where.first + 1 == boots_.size();
  }
  void acknowledge(const std::string& boot, uint32_t seq) {
    for (auto& [where, record] : records_) {
      if (boots_[where.first] == boot && where.second <= seq) record.done = true;
    }
  }

  /** "" or what is wrong. `drops_allowed`: how many promised records may be gone because the log was full. */
  std::string check(const std::vector<DrainedRecord>& drained, size_t drops_allowed = 0) const {
    std::set<std::pair<size_t, uint32_t>> seen;
    std::pair<size_t, uint32_t> last{0, 0};
    for (const DrainedRecord& record : drained) {
      const auto where = key(record.boot, record.seq);
      const auto found = records_.find(where);
      const std::string which = record.boot + "/" + std::to_string(record.seq);
      if (found == records_.end()) return which + " was never pushed";
      if (found->second.json != record.json || found->second.name != record.name) return which + " is corrupt: " + record.json;
      if (where <= last) return which + " is out of order";
      last = where;
      seen.insert(where);
    }
    size_t lost = 0;
    for (const auto& [where, record] : records_) {
      if (!record.promised || record.done || seen.count(where) > 0) continue;
      if (++lost > drops_allowed) return boots_[where.first] + "/" + std::to_string(where.second) + " is lost";
    }
    return "";
  }
  /** Records sent again although they were done: more work for the gateway, no harm. */
  size_t repeats(const std::vector<DrainedRecord>& drained) const {
    size_t count = 0;
    for (const DrainedRecord& record : drained) count += records_.at(key(record.boot, record.seq)).done ? 1 : 0;
    return count;
  }
  const std::string& boot() const { return boots_.back(); }
  size_t pushed() const { return records_.size(); }

 private:
  std::pair<size_t, uint32_t> key(const std::string& boot, uint32_t seq) const {
    for (size_t i = boots_.size(); i > 0; --i) {
      if (boots_[i - 1] == boot) return {i - 1, seq};
    }
    return {SIZE_MAX, seq};
  }
  std::vector<std::string> boots_;
  std::map<std::pair<size_t, uint32_t>, ModelRecord> records_;
};

/** NOR flash that shows, at each operation, every state that a power cut in it could leave. */
class WatchedFlash : public NorFlash {
 public:
  using NorFlash::NorFlash;
  virtual void on_cut(NorFlash& as_left) = 0;

  Status program(size_t offset, ByteView data) override {
    for (const uint32_t part : {0u, 3u, 17u, 64u, 128u, 200u, 255u, 256u}) {
      NorFlash left = *this;
      left.cut_power_at(1, part);
      (void)left.program(offset, data);
      show(left);
    }
    return NorFlash::program(offset, data);
  }
  Status erase_sector(size_t offset) override {
    for (const uint32_t part : {0u, 1u, 2u, 127u, 128u, 253u, 254u, 255u, 256u}) {
      NorFlash left = *this;
      left.cut_power_at(1, part);
      (void)left.erase_sector(offset);
      show(left);
    }
    return NorFlash::erase_sector(offset);
  }

  uint64_t cuts = 0;

 private:
  void show(NorFlash& left) {
    left.power_on();
    ++cuts;
    on_cut(left);
  }
};

}  // namespace fairlead::fakes
