#pragma once
#include <string>
#include <vector>

#include "fairlead/ports.hpp"
#include "fairlead/session.hpp"

namespace fairlead::posix {

/** What the host device can do, as in `hello` [S-13]. */
extern const std::string_view kCommandNames[];
extern const size_t kCommandCount;
bool is_command(std::string_view name);

/** The commands of the host device, as an application on a chip would have them. They run in the core's own task. */
class Commands {
 public:
  Commands(Clock& clock, std::string& settings_json) : clock_(clock), settings_json_(settings_json) {}
  void run(Session& session, const CommandCall& call);
  void cancel(Session& session, const std::string& id);
  /** Ends what has taken its time. */
  void tick(Session& session);
  /** `restart` was asked for and its result is out. */
  bool restart_due() const { return restart_at_ms_ != 0 && clock_.mono_ms() >= restart_at_ms_; }
  uint32_t runs() const { return runs_; }

 private:
  struct Slow {
    std::string id;
    uint64_t half_at_ms;
    uint64_t ends_at_ms;
    double seconds;
    bool half_told;
  };
  void set(Session& session, const CommandCall& call);
  void fail(Session& session, const CommandCall& call);
  void begin_slow(Session& session, const CommandCall& call);
  Clock& clock_;
  std::string& settings_json_;
  std::vector<Slow> slow_;
  uint64_t restart_at_ms_ = 0;
  uint32_t runs_ = 0;
};

/** Both objects as one; of a member in both that of `news` counts. */
std::string merged(const std::string& settings_json, std::string_view news_json);

}  // namespace fairlead::posix
