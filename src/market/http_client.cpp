#include "market/http_client.h"

#include <curl/curl.h>

#include <array>
#include <new>
#include <utility>

namespace stevie::market {
namespace {

constexpr std::size_t largest_body = std::size_t{16} << 20;

/// Takes a piece of the body; fewer bytes than given tell libcurl to stop.
std::size_t append_body(char* bytes, std::size_t, std::size_t count, void* target) {
  auto& body = *static_cast<std::string*>(target);
  if (body.size() + count > largest_body) return 0;
  body.append(bytes, count);
  return count;
}

/// Anything but 0 tells libcurl to stop.
int ask_whether_to_stop(void* give_up, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return (*static_cast<std::function<bool()>*>(give_up))() ? 1 : 0;
}

}  // namespace

struct HttpClient::Handle {
  CURL* curl = curl_easy_init();
  std::function<bool()> give_up;
  std::array<char, CURL_ERROR_SIZE> error_text{};

  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { curl_easy_cleanup(curl); }
};

HttpClient::HttpClient(TimeMs timeout, std::function<bool()> give_up) : handle_(std::make_unique<Handle>()) {
  CURL* curl = handle_->curl;
  if (curl == nullptr) throw std::bad_alloc();
  constexpr long most_redirects = 5;
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, most_redirects);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeout));
  curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "stevie");
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, handle_->error_text.data());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &append_body);
  if (!give_up) return;
  handle_->give_up = std::move(give_up);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &ask_whether_to_stop);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &handle_->give_up);
}

HttpClient::~HttpClient() = default;

HttpAnswer HttpClient::get(const std::string& url) {
  CURL* curl = handle_->curl;
  HttpAnswer answer;
  handle_->error_text[0] = '\0';
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) {
    answer.fault = handle_->error_text[0] != '\0' ? handle_->error_text.data() : curl_easy_strerror(code);
    return answer;
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  curl_off_t wait_seconds = 0;
  if (curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait_seconds) == CURLE_OK && wait_seconds > 0) {
    answer.retry_after = static_cast<TimeMs>(wait_seconds) * second_ms;
  }
  return answer;
}

}  // namespace stevie::market
