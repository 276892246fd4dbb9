#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fairlead/bytes.hpp"
#include "fairlead/device_frames.hpp"
#include "fairlead/flash_log.hpp"
#include "fairlead/flash_wear.hpp"
#include "fairlead/limits.hpp"
#include "fairlead/outbox_acks.hpp"
#include "fairlead/ports.hpp"
#include "fairlead/record_class.hpp"
#include "fairlead/reborn_records.hpp"
#include "fairlead/record_ring.hpp"

namespace fairlead {

/** Offline for longer than this, and streams and events go to flash: a short outage costs no wear. */
constexpr uint64_t kSpillAfterOfflineMs = 30 * 1000;
/** Above the first the oldest records go to flash, until the second. */
constexpr size_t kSpillAbovePercent = 75, kSpillDownToPercent = 50;
/** Records written to flash in one tick(): at most two sectors erased, so the session's tick stays short. */
constexpr size_t kSpillRecordsPerTick = 16;
/** A device that nears the end of its seq has so many records left to restart in: six hours at the full rate. */
constexpr uint32_t kSeqReserve = 1u << 20;

struct OutboxStats {
  uint32_t queued = 0;  ///< in_ram + in_flash: not acknowledged.
  uint32_t in_ram = 0, in_flash = 0;
  uint32_t dropped_latest = 0, dropped_stream = 0, dropped_event = 0;  ///< Losers of a full outbox, since start.
  uint32_t refused_too_large = 0;  ///< At push, since start.
  uint32_t refused = 0;            ///< By nack, since start.
  uint32_t coalesced = 0;          ///< Older values of a Latest key that were replaced before they were sent.
  uint32_t unreadable = 0;         ///< Records in flash whose boot id is lost, since start.
  uint32_t torn_sectors = 0;       ///< Sectors of the log that end in a torn or worn record.
  uint32_t flash_errors = 0;       ///< Writes to the log that failed; the records stayed in RAM.
  uint32_t flash_written_kib = 0;  ///< Records written to the log, since start.
  uint32_t flash_erasures = 0;     ///< Of the sector that was erased most, since it was new.
  uint32_t wear_pauses = 0;        ///< Times that the log was written as fast as its wear allows, and records waited.
};

/** A record to send. The texts point into the scratch bytes of peek_unsent(). */
struct OutboxRecord {
  RecordClass cls = RecordClass::Stream;
  bool is_event = false;
  bool is_channel = false;  ///< `name` is the channel, `json` its payload [B-1].
  bool has_boot = false;  ///< Of an earlier boot: the frame carries `boot` [A-9].
  char boot[limits::kBootIdMaxBytes + 1] = {};
  uint32_t seq = 0;
  RecordTime time;        ///< Wall, or Age at this moment, or Unknown [T-2].
  std::string_view name;  ///< Of an event or a channel.
  std::string_view json;  ///< The inside of `values`, or `data`, or the payload.
  RecordPosition position;  ///< For mark_sent().
};

/**
 * Keeps records until the bus holds them: in RAM while the session is quick, in flash (where there is some)
 * when it is not ready for 30 s, when RAM is 75 % full, before a planned restart, and events at once while offline.
 * Records are sent in the order of their birth, those of earlier boots first. Belongs to one task. A push may write to
 * flash and so take as long as one erase (some 50 ms). Flash is written no faster than its wear allows (flash_wear.hpp):
 * what it does not take stays in RAM. A flush() always goes through.
 */
class Outbox {
 public:
  /** `ring`: kRingBytes are a good size. `flash` may be null: RAM only. */
  Outbox(MutableBytes ring, FlashRegion* flash, Clock& clock, Entropy& entropy);

  /**
   * Mounts the log; records of earlier boots keep their boot and seq. A boot id that the log knows already (a deep
   * sleep that kept it) goes on above its highest seq. Invalid: not a boot id [N-2]. IoError: the flash cannot be read;
   * the outbox works in RAM alone.
   */
  Status begin(std::string_view boot_id, uint32_t first_seq = 1);

  /** As `born_mono_ms`: now. */
  static constexpr uint64_t kBornNow = UINT64_MAX;
  /**
   * `values_json` is the inside of `values`. `key` only for Latest. `seq` is the number the record has.
   * TooLarge: over kRecordMaxBytes or the payload limit [L-3]. Full: no room, this record is the loser. Invalid: not a
   * name, or empty. NotReady: no seq is left, see wants_new_boot().
   */
  Status push_telemetry(RecordClass cls, std::string_view key, std::string_view values_json, uint32_t& seq,
                        uint64_t born_mono_ms = kBornNow);
  /** Offline, and with flash, Ok means that it is in flash; where that failed it is in RAM, see is_durable(). */
  Status push_event(std::string_view name, std::string_view data_json, uint32_t& seq, uint64_t born_mono_ms = kBornNow);
  /**
   * Opaque bytes on a channel [B-1]; `cls` Stream or Event, Latest counts as Stream. Name and payload together are at
   * most kRecordMaxBytes. One that is still there after a restart is sent under a number of the new boot [B-4].
   */
  Status push_channel(RecordClass cls, std::string_view channel, ByteView payload, uint32_t& seq,
                      uint64_t born_mono_ms = kBornNow);
  /**
   * `welcome.limits`: a record whose frame would be larger is refused at push, telemetry and events by `payload_bytes`
   * [L-3], channels by `frame_bytes` [L-2].
   */
  void set_limits(size_t payload_bytes, size_t frame_bytes) {
    payload_limit_bytes_ = payload_bytes;
    frame_limit_bytes_ = frame_bytes;
  }

  /**
   * The next record not yet sent in this session, oldest first. False: none, or flash cannot be read just now.
   * `scratch`: kRecordMaxBytes.
   */
  bool peek_unsent(OutboxRecord& record, MutableBytes scratch);
  void mark_sent(const OutboxRecord& record);
  /** A new session: everything unacknowledged is unsent again [S-12]. */
  void rewind();
  /** Every record of `boot` (empty: this one) up to `seq` is done. */
  void acknowledge(std::string_view boot, uint32_t seq);
  /** This one is done, and counted. */
  void refuse(std::string_view boot, uint32_t seq);

  /** Whether the session is ready. */
  void set_online(bool online);
  /** Every second or more often: the spill policy. */
  void tick();
  /** Before a planned restart: everything to flash. Ok: all of it is there. NotReady: there is no flash. */
  Status flush();
  /** From `welcome.now`: Unix time − mono_ms. Records of this boot have their time by it, also after a restart. */
  void set_wall_clock_offset(int64_t wall_minus_mono_ms);
  /** For a factory reset: forgets every record. */
  Status erase_all();

  OutboxStats stats() const;
  size_t unacknowledged() const { return ring_.count() + log_.live_records(); }
  /** Whether a power cut cannot lose this record of this boot any more: it is in flash, or done. */
  bool is_durable(uint32_t seq) const { return seq < next_seq_ && ring_.find_seq(seq) == ring_.end(); }
  /** The seq nears its end: flush() and restart with a new boot id when it suits. */
  bool wants_new_boot() const { return next_seq_ == 0 || next_seq_ > UINT32_MAX - kSeqReserve; }
  uint32_t next_seq() const { return next_seq_; }
  const FlashLog& log() const { return log_; }

 private:
  Status check(std::string_view name, std::string_view body, size_t frame_bytes, size_t limit_bytes);
  Status push(RingRecord record, uint32_t& seq);
  bool coalesce(const RingRecord& record, uint32_t& seq);
  bool store_event_now(const RingRecord& record);
  bool make_room(size_t bytes, RecordClass for_class);
  size_t choose_loser(RecordClass for_class) const;
  void count_drop(RecordClass cls);
  // outbox_spill.cpp
  Status spill(size_t at);
  Status spill_all();
  Status spill_class(RecordClass cls, size_t& budget);
  void spill_under_pressure(size_t& budget);
  Status store(const RingRecord& record);
  // outbox_send.cpp
  Status is_done(const LogRecord& record, bool& done);
  bool is_reborn(const LogRecord& record, std::string_view boot) const { return record.is_channel && boot != boot_; }
  Status find_unsent(LogRecord& best);
  Status find_unsent_of(RecordClass cls, LogRecord& record);
  void release_done();
  void note_progress();
  RecordTime time_of(bool is_wall, uint64_t ms, uint32_t life) const;
  bool fill(const LogRecord& from, OutboxRecord& record, MutableBytes scratch);
  bool fill(const RingRecord& from, OutboxRecord& record, MutableBytes scratch) const;

  Clock& clock_;
  Entropy& entropy_;
  RecordRing ring_;
  FlashLog log_;
  OutboxAcks acks_;
  RebornRecords reborn_;
  FlashWear wear_;
  char boot_[limits::kBootIdMaxBytes + 1] = {};
  uint32_t next_seq_ = 1;          ///< 0: used up.
  uint32_t highest_sent_seq_ = 0;  ///< Of this life, in any session: such a record must not change any more [A-4].
  RecordPosition sent_;            ///< Everything up to here was sent in this session.
  LogCursor unsent_[kRecordClasses];
  uint32_t released_since_save_ = 0;
  uint64_t flash_written_bytes_ = 0;
  size_t payload_limit_bytes_ = limits::kTelemetryMaxBytes;
  size_t frame_limit_bytes_ = limits::kDeviceFrameMaxBytes;
  uint64_t offline_since_ms_ = 0;
  int64_t wall_minus_mono_ms_ = 0;
  OutboxStats stats_;
  bool flushing_ = false, online_ = false, wall_known_ = false, begun_ = false, under_pressure_ = false;
  bool stored_without_wall_ = false;  ///< Records of this life in flash, from before its time was known.
};

}  // namespace fairlead
