#pragma once
#include <boost/beast/http.hpp>
#include <string>

#include "fairlead/ports.hpp"

/** The HTTP side of the handshake [H-1], as the Arduino library writes and reads it. */
namespace fairlead::posix {

using UpgradeRequest = boost::beast::http::request<boost::beast::http::empty_body>;
using UpgradeResponse = boost::beast::http::response<boost::beast::http::empty_body>;

/** `key` is 16 random bytes in base64. */
UpgradeRequest make_upgrade_request(const OpenParams& params, const std::string& key);

/**
 * What the answer means: `fail` is None for a good 101. Blind, it is judged as the Arduino library does: the status
 * is known, `Retry-After` and an absent subprotocol are not.
 */
Closed judge_upgrade_response(const UpgradeResponse& response, const OpenParams& params, const std::string& key,
                              bool blind);

/** 16 bytes of the kernel's randomness in base64. */
std::string make_websocket_key();

}  // namespace fairlead::posix
