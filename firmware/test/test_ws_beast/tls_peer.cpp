#include "tls_peer.hpp"

#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <boost/asio/write.hpp>

namespace fairlead::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

const char* const kSwitching =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: fairlead.v1\r\n\r\n";

std::string refusal(int status, const std::string& more_headers) {
  return "HTTP/1.1 " + std::to_string(status) + " Refused\r\nContent-Length: 0\r\n" + more_headers + "\r\n";
}

namespace {

std::string accept_for(const std::string& request) {
  const std::string name = "Sec-WebSocket-Key: ";
  const size_t at = request.find(name);
  if (at == std::string::npos) return "";
  const size_t from = at + name.size();
  const std::string key = request.substr(from, request.find('\r', from) - from);
  const std::string input = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(input.data(), input.size(), digest, &size, EVP_sha1(), nullptr);
  unsigned char text[64] = {};
  EVP_EncodeBlock(text, digest, static_cast<int>(size));
  return reinterpret_cast<const char*>(text);
}

}  // namespace

TlsPeer::TlsPeer(const CertificateChain& chain, bool only_tls13)
    : tls_(asio::ssl::context::tls_server), acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
  tls_.use_certificate(asio::buffer(chain.certificate_pem), asio::ssl::context::pem);
  tls_.use_private_key(asio::buffer(chain.key_pem), asio::ssl::context::pem);
  if (only_tls13) SSL_CTX_set_min_proto_version(tls_.native_handle(), TLS1_3_VERSION);
  accept();
}

void TlsPeer::accept() {
  acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
    if (error) return;
    stream_ = std::make_unique<Stream>(std::move(socket), tls_);
    stream_->async_handshake(asio::ssl::stream_base::server, [this](const error_code& failed) {
      gone_ = static_cast<bool>(failed);
      if (!failed) read();
    });
  });
}

void TlsPeer::read() {
  if (answered_ && !reads) return;
  chunk_.resize(4096);
  stream_->async_read_some(asio::buffer(chunk_), [this](const error_code& error, size_t size) {
    if (error) {
      gone_ = true;
      return;
    }
    on_bytes(chunk_.substr(0, size));
    read();
  });
}

void TlsPeer::on_bytes(const std::string& bytes) {
  if (answered_) {
    received_ += bytes;
    return;
  }
  request_ += bytes;
  if (request_.find("\r\n\r\n") == std::string::npos) return;
  answered_ = true;
  std::string text = answer;
  const size_t at = text.find("{accept}");
  if (at != std::string::npos) text.replace(at, 8, accept_for(request_));
  if (!text.empty()) send(text);
}

void TlsPeer::step() {
  io_.restart();
  io_.poll();
}

void TlsPeer::send(const std::string& bytes) {
  error_code ignored;
  asio::write(*stream_, asio::buffer(bytes), ignored);
}

void TlsPeer::drop() {
  error_code ignored;
  stream_->lowest_layer().close(ignored);
}

std::string TlsPeer::server_name() const {
  const char* name = SSL_get_servername(stream_->native_handle(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

std::string server_frame(int first_byte, const std::string& payload) {
  std::string frame(1, static_cast<char>(first_byte));
  if (payload.size() < 126) {
    frame += static_cast<char>(payload.size());
  } else {
    frame += static_cast<char>(126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size() & 0xFF);
  }
  return frame + payload;
}

bool take_client_frame(std::string& bytes, int& first_byte, std::string& payload, std::string& mask) {
  if (bytes.size() < 6) return false;
  first_byte = static_cast<unsigned char>(bytes[0]);
  size_t size = static_cast<unsigned char>(bytes[1]) & 0x7F;
  size_t head = 2;
  if (size == 126) {
    size = static_cast<size_t>(static_cast<unsigned char>(bytes[2]) << 8 | static_cast<unsigned char>(bytes[3]));
    head = 4;
  }
  if (bytes.size() < head + 4 + size) return false;
  mask = bytes.substr(head, 4);
  payload = bytes.substr(head + 4, size);
  for (size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
  bytes.erase(0, head + 4 + size);
  return true;
}

}  // namespace fairlead::test
