#include "api/idempotency.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "core/clock.h"
#include "core/error.h"
#include "ledger/sql_session.h"
#include "ledger/url.h"

namespace stevie::api {
namespace {

constexpr const char* make_table =
    "CREATE TABLE IF NOT EXISTS api_calls (digest VARCHAR(64) PRIMARY KEY, request VARCHAR(64) NOT NULL, "
    "state VARCHAR(16) NOT NULL, time BIGINT NOT NULL, answer TEXT NOT NULL)";
constexpr TimeMs sweep_every = 10 * minute_ms;

std::string digest(const std::string& text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), bytes, &size, EVP_sha256(), nullptr) != 1) {
    throw Error("api.store_unreachable", "no digest can be made");
  }
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", bytes[i]);
  return hex;
}

std::string as_text(const Response& answer) {
  const std::string& body = answer.shared_body ? *answer.shared_body : answer.body;
  nlohmann::json headers = nlohmann::json::array();
  for (const auto& [name, value] : answer.headers) headers.push_back({name, value});
  return nlohmann::json{
      {"status", answer.status}, {"type", answer.content_type}, {"body", body}, {"headers", headers}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Response as_response(const std::string& text) {
  const nlohmann::json value = nlohmann::json::parse(text);
  Response response;
  response.status = value.at("status");
  response.content_type = value.at("type");
  response.body = value.at("body");
  for (const auto& header : value.at("headers")) response.headers.emplace_back(header.at(0), header.at(1));
  return response;
}

class SqlStore : public IdempotencyStore {
 public:
  SqlStore(const std::string& url, std::function<TimeMs()> now)
      : url_(url), now_(now ? std::move(now) : system_time) {
    try {
      location_ = ledger::parse_url(url);
    } catch (const Error& error) {
      throw Error("api.bad_url", error.message(), "server.calls_url");
    }
    guarded([] {});
  }

  EarlierCall begin(const std::string& scope, const std::string& key, const std::string& request) override {
    const std::string id = digest(scope + "\n" + key);
    const std::string asked = digest(request);
    std::lock_guard lock(mutex_);
    EarlierCall call;
    guarded([&] {
      sweep();
      std::string state, stored, answer;
      TimeMs time = 0;
      soci::indicator found = soci::i_null;
      soci::transaction transaction(sql_);
      sql_ << "SELECT state, request, answer, time FROM api_calls WHERE digest = :id", soci::use(id),
          soci::into(state, found), soci::into(stored), soci::into(answer), soci::into(time);
      const bool is_there = sql_.got_data();
      if (is_there && time > now_() - kept) {
        if (stored != asked) {
          call.state = EarlierCall::State::other;
        } else if (state == "answered") {
          call.state = EarlierCall::State::answered;
          call.answer = as_response(answer);
        } else if (state == "secret") {
          call.state = EarlierCall::State::secret;
        } else {
          call.state = running_.contains(id) ? EarlierCall::State::under_way : EarlierCall::State::unknown;
        }
        return;
      }
      const TimeMs present = now_();
      if (is_there) sql_ << "DELETE FROM api_calls WHERE digest = :id", soci::use(id);
      sql_ << "INSERT INTO api_calls (digest, request, state, time, answer) VALUES (:id, :asked, 'begun', "
              ":time, '')",
          soci::use(id), soci::use(asked), soci::use(present);
      transaction.commit();
    });
    if (call.state == EarlierCall::State::none) running_.insert(id);
    return call;
  }

  void finish(const std::string& scope, const std::string& key, const Response& answer,
              bool secret) override {
    const std::string state = secret ? "secret" : "answered";
    const std::string text = secret ? "" : as_text(answer);
    end(scope, key, [&](const std::string& id) {
      sql_ << "UPDATE api_calls SET state = :state, answer = :answer WHERE digest = :id", soci::use(state),
          soci::use(text), soci::use(id);
    });
  }

  void forget(const std::string& scope, const std::string& key) override {
    end(scope, key,
        [&](const std::string& id) { sql_ << "DELETE FROM api_calls WHERE digest = :id", soci::use(id); });
  }

  void give_up(const std::string& scope, const std::string& key) override {
    end(scope, key, [](const std::string&) {});  // the mark stays
  }

 private:
  template <class Act>
  void end(const std::string& scope, const std::string& key, Act act) {
    const std::string id = digest(scope + "\n" + key);
    std::lock_guard lock(mutex_);
    running_.erase(id);
    guarded([&] { act(id); });
  }

  /// Runs `act` on a connection that is made anew where it was lost.
  template <class Act>
  void guarded(Act act) {
    try {
      if (!open_) connect();
      act();
    } catch (const soci::soci_error& error) {
      try {
        sql_.close();
      } catch (const std::exception&) {
        // it is gone already
      }
      open_ = false;
      throw Error("api.store_unreachable",
                  fmt::format("the record of repeated calls cannot be used: {}",
                              ledger::without_password(error.get_error_message(), url_)),
                  location_.shown);
    }
  }

  void connect() {
    const bool is_sqlite = location_.dialect == ledger::Dialect::sqlite;
    if (is_sqlite) {
      ledger::make_private_file(location_.file);  // answers tell more than everybody on the machine may know
      sql_.open(soci::sqlite3, fmt::format("dbname=\"{}\"", location_.file.string()));
      sql_ << "PRAGMA busy_timeout = 5000";
      std::string mode;
      sql_ << "PRAGMA journal_mode = WAL", soci::into(mode);
      sql_ << "PRAGMA synchronous = FULL";
    } else {
      const bool has_parameters = location_.connection.find('?') != std::string::npos;
      sql_.open(soci::postgresql, location_.connection + (has_parameters ? "&" : "?") + "connect_timeout=10");
      sql_ << "SET client_min_messages = warning";
    }
    sql_ << make_table;
    open_ = true;
  }

  void sweep() {
    const TimeMs oldest = now_() - kept;
    if (now_() - swept_ < sweep_every && swept_ <= now_()) return;
    swept_ = now_();
    sql_ << "DELETE FROM api_calls WHERE time < :oldest", soci::use(oldest);
  }

  std::string url_;
  std::function<TimeMs()> now_;
  ledger::Location location_;
  std::mutex mutex_;
  soci::session sql_;
  bool open_ = false;
  TimeMs swept_ = 0;
  std::set<std::string> running_;
};

}  // namespace

std::unique_ptr<IdempotencyStore> IdempotencyStore::open(const std::string& url,
                                                         std::function<TimeMs()> now) {
  return std::make_unique<SqlStore>(url, std::move(now));
}

}  // namespace stevie::api
