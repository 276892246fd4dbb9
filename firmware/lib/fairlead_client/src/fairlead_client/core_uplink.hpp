#pragma once
#include "fairlead/outbox.hpp"
#include "fairlead/session.hpp"
#include "net_side.hpp"

namespace fairlead {

/** The real Uplink: the core's outbox and session. */
class CoreUplink final : public Uplink {
 public:
  CoreUplink(Outbox& outbox, Session& session, System& system) : outbox_(outbox), session_(session), system_(system) {}
  bool telemetry(RecordClass cls, std::string_view key, std::string_view values_json, uint64_t born_mono_ms) override;
  bool event(std::string_view name, std::string_view data_json, uint64_t born_mono_ms) override;
  bool channel(RecordClass cls, std::string_view name, std::string_view payload, uint64_t born_mono_ms) override;
  void progress(const char* id, int percent, std::string_view text) override { session_.progress(id, percent, text); }
  void succeeded(const char* id, std::string_view data_json) override { session_.finish_ok(id, data_json); }
  void failed(const char* id, std::string_view code, std::string_view message) override {
    session_.finish_error(id, code, message);
  }
  void reported(uint64_t version, std::string_view state_json) override { session_.report_settings(version, state_json); }
  void log(std::string_view level, std::string_view text) override { session_.log(level, text); }
  void leave(uint32_t sleep_s) override { session_.leave(sleep_s); }
  bool left() override { return session_.left(); }
  size_t unacknowledged() override { return outbox_.unacknowledged(); }
  OutboxStats stats() override { return outbox_.stats(); }
  void flush() override { (void)outbox_.flush(); }
  void restart(const char* why) override { system_.restart(why); }

 private:
  Outbox& outbox_;
  Session& session_;
  System& system_;
};

}  // namespace fairlead
