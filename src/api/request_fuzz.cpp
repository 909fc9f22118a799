#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/api_testing.h"
#include "api/http_parser.h"
#include "api/router.h"

/// Any bytes through the parser of the server, cut in two, and what comes out of it through a router: every
/// request gets an answer, none of them is a fault of the server's, and cutting changes nothing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stevie::api;
  static FakeAccounts accounts;
  static const Router router({.table = small_table(nullptr), .accounts = &accounts});
  constexpr std::size_t largest_header = 2048, largest_body = 8192;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);

  HttpParser whole(largest_header, largest_body);
  std::size_t at = 0;
  for (int requests = 0; requests < 20; ++requests) {
    at += whole.feed(bytes.substr(at));
    if (whole.state() != HttpParser::State::complete) break;
    router.slow(whole.request());
    const Response response = router.answer(whole.request());
    // /api/fail throws what it is told to, 500 and 503 among it.
    if (response.status >= 500 && whole.request().target.find("/api/fail") == std::string::npos) std::abort();
    whole.restart();
  }

  HttpParser first(largest_header, largest_body), cut(largest_header, largest_body);
  const std::size_t used = first.feed(bytes);
  std::size_t taken = 0;
  for (std::size_t end : {bytes.size() * data[0] / 255, bytes.size()}) {
    if (cut.state() == HttpParser::State::complete || cut.state() == HttpParser::State::refused) break;
    taken += cut.feed(bytes.substr(taken, end - taken));
  }
  if (first.state() == HttpParser::State::complete &&
      (cut.state() != HttpParser::State::complete || taken != used ||
       first.request().target != cut.request().target || first.request().body != cut.request().body)) {
    std::abort();
  }
  return 0;
}
