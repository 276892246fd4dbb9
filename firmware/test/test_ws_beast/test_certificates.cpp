#include "test_certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace fairlead::test {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

constexpr long kHourS = 3600;

Key make_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

void extend(X509* certificate, int kind, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  if (extension == nullptr) throw std::runtime_error("bad extension " + value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate make(const char* name, EVP_PKEY* key, long valid_for_s, X509* issuer) {
  Certificate made(X509_new(), X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), issuer == nullptr ? 1 : 2);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -24 * kHourS);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), valid_for_s);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer == nullptr ? made.get() : issuer));
  X509_set_pubkey(made.get(), key);
  return made;
}

template <class Write>
std::string pem_of(Write write) {
  std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
  write(memory.get());
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<size_t>(size)};
}

std::string certificate_pem(X509* certificate) {
  return pem_of([&](BIO* into) { PEM_write_bio_X509(into, certificate); });
}

}  // namespace

CertificateChain make_certificates(const CertificateWish& wish) {
  static int number = 0;
  const std::string ca_name = "Test CA " + std::to_string(++number);  // OpenSSL finds an issuer by its name
  const Key ca_key = make_key();
  const Certificate ca = make(ca_name.c_str(), ca_key.get(), 24 * kHourS, nullptr);
  extend(ca.get(), NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(ca.get(), ca_key.get(), EVP_sha256());
  const Key key = make_key();
  const Certificate leaf = make("gateway", key.get(), wish.valid_for_s, ca.get());
  extend(leaf.get(), NID_subject_alt_name, wish.names);
  X509_sign(leaf.get(), ca_key.get(), EVP_sha256());
  const std::string key_pem = pem_of(
      [&](BIO* into) { PEM_write_bio_PrivateKey(into, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  return {certificate_pem(ca.get()), certificate_pem(leaf.get()), key_pem};
}

}  // namespace fairlead::test
