#include "app/training_sessions.h"

#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/session_board.h"
#include "app/session_queue.h"
#include "app/session_request.h"
#include "app/session_supervisor.h"
#include "core/clock.h"
#include "core/error.h"

namespace stevie::app {
namespace {

using nlohmann::json;

json number_or_null(const std::optional<double>& value) {
  return value ? json(*value) : json();
}

json time_or_null(const std::optional<TimeMs>& time) {
  return time ? json(format_time(*time)) : json();
}

TrainingSessions::Parts with_clock(TrainingSessions::Parts parts) {
  if (!parts.now) parts.now = system_time;
  return parts;
}

}  // namespace

std::string session_json(const TrainingSession& session) {
  json object{{"id", session.id},
              {"request", json::parse(request_json(session.request))},
              {"by", session.request.by.name},
              {"reason", session.request.by.reason},
              {"scenario", session.scenario},
              {"by_hand", session.by_hand},
              {"state", to_string(session.state)},
              {"queued", format_time(session.queued)},
              {"started", time_or_null(session.started)},
              {"ended", time_or_null(session.ended)},
              {"phase", session.phase},
              {"episode", session.episode},
              {"episodes", session.episodes},
              {"candidates", session.candidates},
              {"best_reward", number_or_null(session.best_reward)},
              {"running_reward", number_or_null(session.running_reward)},
              {"fraction", session.fraction},
              {"seconds_left", number_or_null(session.seconds_left)},
              {"updated", time_or_null(session.updated)},
              {"outcome", session.outcome},
              {"verdict", session.verdict},
              {"sentence", session.sentence},
              {"new_version", session.new_version ? json(*session.new_version) : json()},
              {"decision_event", session.decision_event},
              {"folder", session.folder.string()},
              {"attempts", session.attempts}};
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

struct TrainingSessions::Impl {
  explicit Impl(Parts given)
      : parts(with_clock(std::move(given))), board(parts.news, parts.now), supervisor(parts, board) {
    with_ledger([this](ledger::Ledger& connection) { board.read(connection); });
  }

  /// Runs the action on the callers' connection, which is made anew after a fault of the ledger.
  template <class Action>
  void with_ledger(Action action) {
    const std::lock_guard lock(ledger_mutex);
    try {
      if (!ledger) ledger = ledger::Ledger::open(parts.ledger);
      action(*ledger);
    } catch (const Error& error) {
      if (error.code().starts_with("ledger.")) ledger.reset();
      throw;
    }
  }

  const Parts parts;
  SessionBoard board;
  SessionSupervisor supervisor;
  std::mutex ledger_mutex;
  std::unique_ptr<ledger::Ledger> ledger;
};

TrainingSessions::TrainingSessions(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}

TrainingSessions::~TrainingSessions() = default;

void TrainingSessions::run() {
  impl_->supervisor.run();
}

void TrainingSessions::stop() {
  impl_->supervisor.stop();
}

TrainingSession TrainingSessions::start(const SessionRequest& request) {
  const Parts& parts = impl_->parts;
  const SessionRequest checked = checked_request(request, {.data_folders = parts.config.data_folders,
                                                           .default_data = parts.default_data,
                                                           .config_file = parts.config_file,
                                                           .settings = parts.settings,
                                                           .model_folders = model_folders_of(parts.config)});
  std::string id;
  impl_->with_ledger([&](ledger::Ledger& ledger) {
    id = queue_session(ledger, checked, parts.config.queue, parts.now());
    impl_->board.read(ledger);
  });
  impl_->supervisor.wake();
  return impl_->board.session(id);
}

TrainingSession TrainingSessions::stop_session(const std::string& id, const live::Signature& by) {
  impl_->with_ledger([&](ledger::Ledger& ledger) {
    request_stop(ledger, id, by, impl_->parts.now());
    impl_->supervisor.interrupt(id);
    impl_->board.read(ledger);
  });
  impl_->supervisor.wake();
  return impl_->board.session(id);
}

std::vector<TrainingSession> TrainingSessions::sessions() const {
  return impl_->board.sessions();
}

std::vector<TrainingSession> TrainingSessions::active(std::size_t most) const {
  return impl_->board.active(most);
}

TrainingSession TrainingSessions::session(const std::string& id) const {
  return impl_->board.session(id);
}

std::uint64_t TrainingSessions::revision() const {
  return impl_->board.revision();
}

std::string TrainingSessions::trouble() const {
  return impl_->board.trouble();
}

}  // namespace stevie::app
