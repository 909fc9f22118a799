#include "app/comparison_desk.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <thread>

#include "core/error.h"

namespace stevie::app {
namespace {

using Clock = std::chrono::steady_clock;

/// Equal for requests that ask for the same.
std::string key_of(const CompareRequest& request) {
  std::string key = fmt::format("{} {} {} {}", request.symbol, request.bars, request.from.value_or(0),
                                request.bootstrap.seed);
  for (const std::filesystem::path& file : request.data) key += "\n" + file.string();
  for (const ComparedParameters* side : {&request.first, &request.second})
    key += fmt::format("\n{} {}", side->name, strategy::to_json(side->layers));
  return key;
}

}  // namespace

struct ComparisonDesk::Impl {
  struct Job {
    std::string key;
    CompareRequest request;
    TimeMs asked = 0, done = 0;
    bool at_work = false;
    std::shared_ptr<const std::string> json;
    std::optional<Error> fault;

    bool open() const { return json == nullptr && !fault; }
  };

  explicit Impl(Parts given) : parts(std::move(given)) {}

  void work() {
    constexpr int low_priority = 10;
    // Of this thread: trading goes first, and training, for which nobody waits, comes last.
    setpriority(PRIO_PROCESS, 0, low_priority);
    std::unique_lock lock(mutex);
    while (!stopping) {
      const auto next = std::ranges::find_if(jobs, [](const Job& job) { return job.open(); });
      if (next == jobs.end()) {
        wake.wait(lock);
        continue;
      }
      next->at_work = true;
      CompareRequest request = next->request;
      lock.unlock();
      const Clock::time_point until = Clock::now() + parts.time_limit;
      request.cancelled = [this, until] { return stopping.load() || Clock::now() > until; };
      std::shared_ptr<const std::string> json;
      std::optional<Error> fault;
      try {
        json = std::make_shared<const std::string>(comparison_json(parts.compare(request)));
      } catch (const Error& error) {
        fault = error;
      } catch (const std::exception&) {
        fault = Error("app.compare_failed", "the comparison failed");
      }
      lock.lock();
      next->json = std::move(json);  // lists do not move what they hold, and nobody takes out what is at work
      next->fault = std::move(fault);
      next->done = parts.now();
      next->at_work = false;
      done.notify_all();
    }
  }

  std::list<Job>::iterator find(const std::string& key, const CompareRequest& request) {
    return std::ranges::find_if(jobs, [&](const Job& job) {
      if (job.key != key) return false;
      return job.open() || job.request.until == request.until || parts.now() - job.done < parts.fresh_for;
    });
  }

  /// A new job at the end of the list; what is oldest and done makes room.
  std::list<Job>::iterator add(const std::string& key, const CompareRequest& request) {
    const auto waiting = std::ranges::count_if(jobs, [](const Job& job) { return job.open(); });
    if (static_cast<std::size_t>(waiting) > parts.most_waiting)
      throw Error("app.busy",
                  fmt::format("{} comparisons wait already: ask again when they are done", waiting));
    std::erase_if(jobs, [&](const Job& job) { return job.key == key; });
    while (jobs.size() >= parts.most_kept) {
      const auto old = std::ranges::find_if(jobs, [](const Job& job) { return !job.open(); });
      if (old == jobs.end()) break;
      jobs.erase(old);
    }
    jobs.push_back({.key = key,
                    .request = request,
                    .asked = parts.now(),
                    .done = 0,
                    .at_work = false,
                    .json = nullptr,
                    .fault = std::nullopt});
    if (!worker.joinable()) worker = std::thread([this] { work(); });
    wake.notify_one();
    return std::prev(jobs.end());
  }

  const Parts parts;
  std::mutex mutex;
  std::condition_variable wake, done;
  std::list<Job> jobs;  // in the order in which they were asked for
  std::atomic<bool> stopping = false;
  std::thread worker;
};

ComparisonDesk::ComparisonDesk(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}

ComparisonDesk::~ComparisonDesk() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  if (impl_->worker.joinable()) impl_->worker.join();
}

ComparisonDesk::Answer ComparisonDesk::ask(const CompareRequest& request,
                                           std::chrono::milliseconds patience) {
  const std::string key = key_of(request);
  std::unique_lock lock(impl_->mutex);
  auto job = impl_->find(key, request);
  if (job == impl_->jobs.end()) job = impl_->add(key, request);
  const Clock::time_point until = Clock::now() + patience;
  // By its key each time: whoever waits beside may have taken a job out that failed.
  while (job != impl_->jobs.end() && job->open() && Clock::now() < until) {
    impl_->done.wait_until(lock, until);
    job = impl_->find(key, request);
  }
  if (job == impl_->jobs.end()) throw Error("app.compare_failed", "the comparison failed: ask again");
  Answer answer{.json = job->json, .asked = job->asked};
  if (job->fault) {
    const Error fault = *job->fault;
    impl_->jobs.erase(job);
    throw fault;
  }
  return answer;
}

}  // namespace stevie::app
