#include "notify/http_post.h"

#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <new>

#include "notify/address_guard.h"

namespace stevie::notify {
namespace {

constexpr std::size_t most_kept = 16 << 10;
constexpr std::size_t most_read = 64 << 10;

struct Exchange {
  PostAnswer answer;
  std::size_t read = 0;
  bool too_large = false;
  bool allow_private = false;
  std::string refused;
  const std::function<bool()>* give_up = nullptr;
};

std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* target) {
  auto& exchange = *static_cast<Exchange*>(target);
  exchange.read += count;
  exchange.too_large = exchange.read > most_read;
  if (exchange.too_large) return 0;
  const std::size_t room = most_kept - std::min(most_kept, exchange.answer.body.size());
  exchange.answer.body.append(bytes, std::min(count, room));
  return count;
}

int ask_whether_to_stop(void* target, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto& exchange = *static_cast<Exchange*>(target);
  return exchange.give_up != nullptr && *exchange.give_up && (*exchange.give_up)() ? 1 : 0;
}

/// Called with the address that is about to be connected to: what a name resolved to cannot change between
/// the check and the connection.
curl_socket_t open_socket(void* target, curlsocktype, curl_sockaddr* address) {
  auto& exchange = *static_cast<Exchange*>(target);
  if (!exchange.allow_private) {
    exchange.refused = refused_address(&address->addr);
    if (!exchange.refused.empty()) return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

using Easy = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

Headers header_list(const HttpPost& post) {
  Headers list(nullptr, &curl_slist_free_all);
  const auto add = [&list](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(list.release());
    list.reset(longer);
  };
  for (const auto& [name, value] : post.headers) add(name + ": " + value);
  add("Expect:");  // no waiting for 100 Continue
  return list;
}

void set_options(CURL* curl, const HttpPost& post, Exchange& exchange) {
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(post.timeout));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(post.timeout));
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "stevie");
  curl_easy_setopt(curl, CURLOPT_URL, post.url.c_str());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post.body.c_str());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(post.body.size()));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &ask_whether_to_stop);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &exchange);
}

/// libcurl's own sentence for the code: its longer texts may quote the URL.
std::string fault_text(CURLcode code, const Exchange& exchange) {
  if (exchange.too_large) return "the answer is larger than 64 KiB";
  if (!exchange.refused.empty())
    return "the host is " + exchange.refused + ", which notify.allow_private = false refuses";
  if (code == CURLE_ABORTED_BY_CALLBACK) return "the program ends";
  return curl_easy_strerror(code);
}

}  // namespace

PostAnswer http_post(const HttpPost& post, const std::function<bool()>& give_up) {
  Exchange exchange;
  exchange.allow_private = post.allow_private;
  exchange.give_up = &give_up;
  const Easy curl(curl_easy_init(), &curl_easy_cleanup);
  if (curl == nullptr) throw std::bad_alloc();
  const Headers headers = header_list(post);
  set_options(curl.get(), post, exchange);
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  const CURLcode code = curl_easy_perform(curl.get());
  PostAnswer answer = std::move(exchange.answer);
  if (code != CURLE_OK) {
    answer.body.clear();
    answer.fault = fault_text(code, exchange);
    answer.refused = !exchange.refused.empty();
    return answer;
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  curl_off_t wait_seconds = 0;
  if (curl_easy_getinfo(curl.get(), CURLINFO_RETRY_AFTER, &wait_seconds) == CURLE_OK && wait_seconds > 0)
    answer.retry_after = std::min<TimeMs>(wait_seconds, day_ms / second_ms) * second_ms;
  return answer;
}

}  // namespace stevie::notify
