#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fairlead/limits.hpp"
#include "fairlead/record_class.hpp"
#include "fairlead/status.hpp"

namespace fairlead {

class Client;

/**
 * Opaque bytes, as they are, to `…/telemetry/{name}` [B-3]: `Channel camera(gw, "frames"); camera.send(data, size);`.
 * Offline frames are kept like a stream, or like events with RecordClass::Event. Consumers may see a frame twice.
 */
class Channel {
 public:
  Channel(Client& client, const char* name, RecordClass kept_as = RecordClass::Stream);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /** The most that one frame carries; cut what is larger into frames of your own. */
  size_t max_bytes() const { return limits::kRecordMaxBytes - std::string_view(name_).size(); }
  /**
   * Copies the bytes and returns. TooLarge: over max_bytes(). Full: the mailbox is, try again after the next loop().
   * NotReady: before begin(). A frame that the limits of the session forbid is dropped and counted later.
   */
  Status send(const uint8_t* data, size_t size);

 private:
  friend class Client;
  Client& client_;
  const char* name_;
  RecordClass kept_as_;
  Channel* next_ = nullptr;
};

}  // namespace fairlead
