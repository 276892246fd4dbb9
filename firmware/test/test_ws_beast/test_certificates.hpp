#pragma once
#include <string>

/** Certificates for one test run, made with OpenSSL. */
namespace fairlead::test {

struct CertificateWish {
  /** As in an OpenSSL configuration: `DNS:localhost,IP:127.0.0.1`. */
  std::string names = "DNS:localhost,DNS:127.0.0.1";
  /** From now; negative: it has ended already. */
  long valid_for_s = 3600;
};

struct CertificateChain {
  std::string ca_pem;
  std::string certificate_pem;
  std::string key_pem;
};

/** A new CA and a server's certificate that it signed. */
CertificateChain make_certificates(const CertificateWish& wish = {});

}  // namespace fairlead::test
