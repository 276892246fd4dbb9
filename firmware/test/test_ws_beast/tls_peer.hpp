#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>
#include <string>

#include "test_certificates.hpp"

namespace fairlead::test {

/** What a peer answers to an upgrade request; `{accept}` stands for the right Sec-WebSocket-Accept. */
extern const char* const kSwitching;
std::string refusal(int status, const std::string& more_headers = "");

/** A scripted server on loopback: takes one connection, answers its request with `answer`, then does as it is told. */
class TlsPeer {
 public:
  explicit TlsPeer(const CertificateChain& chain, bool only_tls13 = false);
  uint16_t port() const { return acceptor_.local_endpoint().port(); }
  /** Sent when the request's headers are complete; empty: never answers. */
  std::string answer = kSwitching;
  /** Whether it reads what comes after the request. */
  bool reads = true;
  /** Lets what is ready happen. */
  void step();
  void send(const std::string& bytes);
  /** Closes TCP without a word. */
  void drop();
  const std::string& request() const { return request_; }
  /** All bytes after the request, decrypted. */
  const std::string& received() const { return received_; }
  /** The server name of the ClientHello. */
  std::string server_name() const;
  bool is_gone() const { return gone_; }

 private:
  using Stream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;
  void accept();
  void read();
  void on_bytes(const std::string& bytes);
  boost::asio::io_context io_;
  boost::asio::ssl::context tls_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::unique_ptr<Stream> stream_;
  std::string request_;
  std::string received_;
  std::string chunk_;
  bool answered_ = false;
  bool gone_ = false;
};

/** One frame as a server writes it. */
std::string server_frame(int first_byte, const std::string& payload);

/** Takes the first whole frame from what a client sent, unmasked; false: none is complete. */
bool take_client_frame(std::string& bytes, int& first_byte, std::string& payload, std::string& mask);

}  // namespace fairlead::test
