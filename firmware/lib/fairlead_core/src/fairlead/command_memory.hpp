#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fairlead/bytes.hpp"
#include "fairlead/limits.hpp"
#include "fairlead/ports.hpp"

namespace fairlead {

/** What this device knows of a command id [C-15]. */
enum class CommandState : uint8_t {
  Unknown,      ///< Never seen, or forgotten: it may run.
  Running,      ///< Started in this boot: answer `accepted`.
  Interrupted,  ///< Started before a restart and not finished: answer `interrupted`, and store that as its result.
  Finished,     ///< Answer with the stored result.
};

/**
 * The last 16 command ids [L-20] with the result frames they ended with, over restarts. Each id costs two writes of
 * the store. A command that still runs is never forgotten for a new one.
 */
class CommandMemory {
 public:
  explicit CommandMemory(KeyValueStore& store) : store_(store) {}
  /** Loads the ids. An entry that cannot be read is forgotten and counted in unreadable(). */
  Status begin();
  CommandState find(std::string_view id) const;
  /** The stored result frame of a finished id; `into` must hold kResultMaxBytes. NotFound where there is none. */
  Status read_result(std::string_view id, MutableBytes into, size_t& size);
  /** Before the command runs and before `accepted` [C-18]. Invalid: the id is known. Full: 16 run. */
  Status store_started(std::string_view id);
  /**
   * After the command, before the frame is sent [C-18]. TooLarge: a frame over kResultMaxBytes; a result with the error
   * code `result_too_large` is stored in its place and is what read_result gives. NotFound: the id was never started.
   */
  Status store_result(std::string_view id, ByteView frame);
  /** Writes since the store was new: the wear. */
  uint32_t writes() const { return writes_; }
  uint32_t unreadable() const { return unreadable_; }

 private:
  struct Entry {
    char id[limits::kNameMaxBytes + 1] = {};
    uint8_t id_bytes = 0;
    CommandState state = CommandState::Unknown;
    uint32_t order = 0;  ///< Rises with each started id.
  };
  Status load(size_t slot);
  Status write(size_t slot, const Entry& entry, ByteView frame);
  int slot_of(std::string_view id) const;
  int slot_for_new() const;

  KeyValueStore& store_;
  Entry entries_[limits::kCommandIdsRemembered];
  uint32_t writes_ = 0, last_order_ = 0, unreadable_ = 0;
};

}  // namespace fairlead
