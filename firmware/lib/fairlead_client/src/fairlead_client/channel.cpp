#include "channel.hpp"

#include "client.hpp"

namespace fairlead {

Channel::Channel(Client& client, const char* name, RecordClass kept_as)
    : client_(client), name_(name), kept_as_(kept_as), next_(client.first_channel_) {
  client.first_channel_ = this;
}

Status Channel::send(const uint8_t* data, size_t size) {
  if (!client_.started()) return Status::NotReady;
  if (size > max_bytes()) {
    ++client_.counters_.channel_too_large;
    return Status::TooLarge;
  }
  const std::string_view payload = text_of({data, size});
  if (client_.send(UpLetter::Channel, static_cast<int32_t>(kept_as_), client_.now_ms(), name_, payload)) return Status::Ok;
  ++client_.counters_.mailbox_full;
  return Status::Full;
}

}  // namespace fairlead
