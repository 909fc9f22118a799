#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <filesystem>
#include <fstream>

#include "api/server_testing.h"
#include "core/error.h"

namespace stevie::api {
namespace {

/// A key and a certificate that signs itself, as PEM files in a folder of the test.
struct Certificate {
  explicit Certificate(const std::string& name)
      : folder(std::filesystem::path(::testing::TempDir()) / ("tls_" + name + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder);
    make();
  }
  ~Certificate() { std::filesystem::remove_all(folder); }

  void make(const char* password = nullptr) const {
    EVP_PKEY* pair = EVP_EC_gen("P-256");
    X509* paper = X509_new();
    X509_set_version(paper, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(paper), 1);
    X509_gmtime_adj(X509_getm_notBefore(paper), 0);
    X509_gmtime_adj(X509_getm_notAfter(paper), 3600);
    X509_set_pubkey(paper, pair);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(paper), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(paper, X509_get_subject_name(paper));
    X509_sign(paper, pair, EVP_sha256());
    FILE* out = std::fopen(certificate().c_str(), "w");
    PEM_write_X509(out, paper);
    std::fclose(out);
    out = std::fopen(key().c_str(), "w");
    PEM_write_PrivateKey(out, pair, password == nullptr ? nullptr : EVP_aes_128_cbc(), nullptr, 0, nullptr,
                         const_cast<char*>(password));
    std::fclose(out);
    X509_free(paper);
    EVP_PKEY_free(pair);
  }
  std::string certificate() const { return (folder / "certificate.pem").string(); }
  std::string key() const { return (folder / "key.pem").string(); }

  std::filesystem::path folder;
};

app::ServerConfig with_tls(const Certificate& certificate) {
  app::ServerConfig config = LoopbackServer::quick();
  config.tls_certificate = certificate.certificate();
  config.tls_key = certificate.key();
  return config;
}

/// Sends one request over TLS of at most `newest`; the whole answer, or nothing. `serial`: takes the key of
/// the server.
std::string ask(std::uint16_t port, const std::string& text, int newest = TLS1_3_VERSION,
                std::string* public_key = nullptr) {
  TestSocket socket(port);
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context, newest);
  SSL* tls = SSL_new(context);
  SSL_set_fd(tls, socket.handle());
  std::string answer;
  if (SSL_connect(tls) == 1) {
    if (public_key != nullptr) {
      unsigned char* bytes = nullptr;
      X509* paper = SSL_get1_peer_certificate(tls);
      const int size = i2d_PUBKEY(X509_get0_pubkey(paper), &bytes);
      public_key->assign(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
      OPENSSL_free(bytes);
      X509_free(paper);
    }
    SSL_write(tls, text.data(), static_cast<int>(text.size()));
    char piece[4096];
    for (int got = SSL_read(tls, piece, sizeof piece); got > 0; got = SSL_read(tls, piece, sizeof piece)) {
      answer.append(piece, static_cast<std::size_t>(got));
    }
  }
  SSL_free(tls);
  SSL_CTX_free(context);
  return answer;
}

const std::string closing = "Connection: close\r\n";

TEST(ServerTls, AnswersOverTls) {
  const Certificate certificate("answers");
  LoopbackServer host(with_tls(certificate));
  EXPECT_TRUE(host.server.url().starts_with("https://127.0.0.1:"));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const std::string answer =
        ask(host.server.port(), request_text("GET", "/api/things/7", "", closing), version);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
    EXPECT_NE(answer.find("Strict-Transport-Security: "), std::string::npos);
    EXPECT_TRUE(answer.ends_with(R"({"id":"7"})"));
  }
  const std::string two =
      ask(host.server.port(), request_text("POST", "/api/things", R"({"name":"a","reason":"why"})") +
                                  request_text("GET", "/health/live", "", closing));
  EXPECT_NE(two.find("HTTP/1.1 201 "), std::string::npos) << two;
  EXPECT_TRUE(two.ends_with(R"({"live":true})")) << two;
}

TEST(ServerTls, RefusesOldVersionsAndPlainText) {
  const Certificate certificate("old");
  app::ServerConfig config = with_tls(certificate);
  config.header_timeout = 200;
  LoopbackServer host(config);
  EXPECT_EQ(ask(host.server.port(), request_text("GET", "/health/live", "", closing), TLS1_1_VERSION), "");
  TestSocket plain(host.server.port());
  plain.send(request_text("GET", "/health/live"));
  EXPECT_EQ(plain.receive_all().find("HTTP/"), std::string::npos);
  TestSocket silent(host.server.port());
  EXPECT_EQ(silent.receive_all(), "") << "a handshake has a time too";
}

TEST(ServerTls, TakesNewFilesOverWhileItRuns) {
  const Certificate certificate("reload");
  LoopbackServer host(with_tls(certificate));
  std::string before, after, still;
  const std::string text = request_text("GET", "/health/live", "", closing);
  ask(host.server.port(), text, TLS1_3_VERSION, &before);
  certificate.make();
  host.server.reload_tls();
  EXPECT_NE(ask(host.server.port(), text, TLS1_3_VERSION, &after), "");
  EXPECT_NE(before, after);
  std::ofstream(certificate.key()) << "no key";
  EXPECT_THROW(host.server.reload_tls(), Error);
  EXPECT_NE(ask(host.server.port(), text, TLS1_3_VERSION, &still), "");
  EXPECT_EQ(after, still);
}

TEST(ServerTls, SaysWhatIsWrongWithItsFiles) {
  const Certificate one("one"), other("other");
  FakeAccounts accounts;
  Router router({.table = small_table(nullptr), .accounts = &accounts});
  const auto code_of = [&](const std::string& certificate, const std::string& key,
                           const std::string& address = "127.0.0.1") {
    app::ServerConfig config = LoopbackServer::quick();
    config.address = address;
    config.tls_certificate = certificate;
    config.tls_key = key;
    try {
      Server server({.config = config, .router = &router, .accounts = &accounts});
      return std::string("bound");
    } catch (const Error& error) {
      return error.code();
    }
  };
  EXPECT_EQ(code_of(one.certificate(), ""), "api.bad_tls");
  EXPECT_EQ(code_of("", one.key()), "api.bad_tls");
  EXPECT_EQ(code_of("/nowhere", one.key()), "api.bad_tls");
  EXPECT_EQ(code_of(one.certificate(), one.certificate()), "api.bad_tls");
  EXPECT_EQ(code_of(one.certificate(), other.key()), "api.bad_tls");
  other.make("secret");
  EXPECT_EQ(code_of(other.certificate(), other.key()), "api.bad_tls") << "nobody is asked for its password";
  EXPECT_EQ(code_of(one.certificate(), one.key(), "0.0.0.0"), "bound");
  accounts.known.clear();
  EXPECT_EQ(code_of(one.certificate(), one.key(), "0.0.0.0"), "api.unsafe_address");
}

}  // namespace
}  // namespace stevie::api
