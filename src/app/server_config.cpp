#include "app/server_config.h"

#include "core/error.h"
#include "ledger/url.h"

namespace stevie::app {

void describe(ConfigBinder& binder, ServerConfig& server) {
  constexpr double longest = static_cast<double>(hour_ms);
  binder.field("server.address", server.address,
               {.help = "IP address to answer on; any but loopback needs TLS and at least one user"});
  binder.field("server.port", server.port, {.maximum = 65535, .help = "0: any free one"});
  binder.field("server.tls_certificate", server.tls_certificate,
               {.help = "PEM file with the certificate and its chain; empty: no TLS"});
  binder.field("server.tls_key", server.tls_key, {.help = "PEM file with the certificate's private key"});
  binder.rule("server.tls_key", [&server] {
    return server.tls_certificate.empty() == server.tls_key.empty()
               ? std::string()
               : "give both tls_certificate and tls_key, or none";
  });
  binder.field("server.host_names", server.host_names,
               {.help = "names that the header Host may hold beside the address and localhost; empty: on "
                        "loopback no other, elsewhere any"});
  binder.field("server.io_threads", server.io_threads,
               {.minimum = 1, .maximum = 64, .help = "threads that read and write; one serves thousands"});
  binder.field(
      "server.workers", server.workers,
      {.minimum = 1, .maximum = 64, .help = "threads for what waits for disk, database or a password hash"});
  binder.field("server.queue", server.queue,
               {.minimum = 1,
                .maximum = 100'000,
                .unit = "requests",
                .help = "that may wait for a worker; further ones are answered 503"});
  binder.field("server.largest_body", server.largest_body,
               {.minimum = 1024, .maximum = 1 << 30, .unit = "bytes", .help = "of a request; larger: 413"});
  binder.field("server.largest_header", server.largest_header,
               {.minimum = 1024, .maximum = 1 << 20, .unit = "bytes", .help = "of a request; larger: 431"});
  binder.field("server.connections", server.connections,
               {.minimum = 1,
                .maximum = 1'000'000,
                .help = "open at once; further ones are closed. The limit of open files is raised for them"});
  binder.field("server.connections_per_address", server.connections_per_address,
               {.minimum = 1,
                .maximum = 1'000'000,
                .help = "open at once of one address; behind a proxy all have the proxy's"});
  binder.field("server.web_sockets", server.web_sockets,
               {.minimum = 0, .maximum = 1'000'000, .help = "open at once; further ones are answered 503"});
  binder.field("server.header_timeout", server.header_timeout,
               {.minimum = 10,
                .maximum = longest,
                .unit = "milliseconds",
                .help = "for a whole header, a TLS handshake, and the first message of a WebSocket"});
  binder.field("server.request_timeout", server.request_timeout,
               {.minimum = 10,
                .maximum = longest,
                .unit = "milliseconds",
                .help = "for a whole request, and as long again until its answer is taken"});
  binder.field("server.idle_timeout", server.idle_timeout,
               {.minimum = 10,
                .maximum = longest,
                .unit = "milliseconds",
                .help = "of a connection without a request"});
  binder.field("server.json_logs", server.json_logs,
               {.help = "one line of JSON on stderr for each request, without secrets or query values"});
  binder.field("server.calls_url", server.calls_url,
               {.help = "where answered calls are kept for their Idempotency-Key: as ledger.url"});
  binder.fields().back().show = [show = binder.fields().back().show, &server] {
    return ledger::without_password(show(), server.calls_url);
  };
  binder.rule("server.calls_url", [&server]() -> std::string {
    try {
      ledger::parse_url(server.calls_url);
      return {};
    } catch (const Error& error) {
      return error.message();
    }
  });
}

}  // namespace stevie::app
