#include "app/train.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "core/testing.h"
#include "evaluation/report.h"
#include "features/pipeline.h"
#include "market/readers.h"
#include "market/synthetic.h"
#include "nn/model_file.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A folder with bars of a made-up market whose name does not tell that it is one.
class TrainPpo : public ::testing::Test {
 protected:
  void SetUp() override { write_market("ABC/USDT", 1); }

  void write_market(const std::string& symbol, std::uint64_t seed, std::size_t bars = 3000) {
    market::SyntheticConfig config;
    config.bars = bars;
    config.seed = seed;
    config.symbol = symbol;
    bars_ = market::make_synthetic_market(config).bars;
    data_ = folder_ / (symbol.substr(0, symbol.find('/')) + "USDT_1h.csv");
    market::write_bars(data_, bars_);
  }

  /// Short rollouts, so that a training of a second has several updates, evaluations and checkpoints.
  TrainRequest request(const std::string& out) const {
    TrainRequest made;
    made.data = data_;
    made.out = folder_ / out;
    made.config.train = {.total_timesteps = 1200, .eval_freq = 500, .checkpoint_freq = 400};
    made.config.ppo.n_envs = 3;
    made.config.ppo.n_steps = 50;
    made.config.ppo.batch_size = 32;
    made.config.ppo.n_epochs = 2;
    made.config.ppo.learning_rate = 0.01;
    made.config.env.episode_length = 40;
    return made;
  }
  TrainRequest resumed(const std::string& out) const {
    TrainRequest made = request(out);
    made.resume = true;
    return made;
  }

  std::string bytes(const std::string& file) const { return read_file(folder_ / file); }
  json results(const std::string& out) const { return json::parse(bytes(out + "/training_results.json")); }

  /// All a training leaves must be equal; results name their own folder.
  void expect_same_outputs(const std::string& a, const std::string& b) const {
    for (const char* file : {"models/ppo_stevie.zip", "checkpoints/ppo.zip", "trades.csv"})
      EXPECT_EQ(bytes(a + "/" + file) == bytes(b + "/" + file), true) << file;
    EXPECT_EQ(without_folder(a), without_folder(b));
  }
  json without_folder(const std::string& out) const {
    json parsed = results(out);
    EXPECT_NE(parsed.at("test").at("model").get<std::string>().find(out), std::string::npos);
    parsed.at("test").erase("model");
    return parsed;
  }

  static std::string fault_of(const TrainRequest& wanted) {
    try {
      train_policy(wanted);
    } catch (const Error& error) {
      EXPECT_GT(error.message().size(), 20u);
      return error.code();
    }
    return "no error";
  }

  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
  fs::path data_;
  market::Bars bars_;
};

/// Every regular file under the folder, as relative paths.
std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) names.push_back(entry.path().lexically_relative(folder).string());
  }
  std::ranges::sort(names);
  return names;
}

TEST_F(TrainPpo, leaves_every_promised_file_and_no_other) {
  const TrainReport report = train_policy(request("run"));
  std::vector<std::string> files = files_in(folder_ / "run");
  const auto event = std::ranges::find_if(files, [](const std::string& name) {
    return name.starts_with("tensorboard_logs/PPO_1/events.out.tfevents.");
  });
  ASSERT_NE(event, files.end());
  files.erase(event);
  EXPECT_EQ(files,
            (std::vector<std::string>{"checkpoints/ppo.zip", "evaluation.json", "models/ppo_stevie.zip",
                                      "report.html", "trades.csv", "training_results.json"}));
  EXPECT_EQ(report.timesteps, 1200u);
  EXPECT_EQ(report.model, folder_ / "run/models/ppo_stevie.zip");
  const nn::ModelFile model = nn::read_model_file(report.model);
  EXPECT_EQ(json::parse(model.hyper_parameters_json).at("num_timesteps"), report.best_timesteps);
}

TEST_F(TrainPpo, results_tell_the_whole_course) {
  const TrainReport report = train_policy(request("run"));
  const json parsed = results("run");
  EXPECT_EQ(parsed.at("algorithm"), "PPO");
  EXPECT_EQ(parsed.at("data"), data_.string());
  EXPECT_EQ(parsed.at("symbol"), "ABC/USDT");
  EXPECT_EQ(parsed.at("synthetic"), false);
  EXPECT_EQ(parsed.at("timesteps"), 1200);
  EXPECT_EQ(parsed.at("configuration").at("ppo.n_steps"), "50");
  EXPECT_EQ(parsed.at("configuration").at("env.episode_length"), "40");

  const json& updates = parsed.at("updates");
  ASSERT_EQ(updates.size(), 1200u / 150);
  for (std::size_t i = 0; i < updates.size(); ++i) {
    EXPECT_EQ(updates[i].at("timesteps"), 150 * (i + 1));
    EXPECT_EQ(updates[i].at("n_updates"), 2 * (i + 1));
    for (const char* name :
         {"ep_rew_mean", "ep_len_mean", "loss", "policy_gradient_loss", "value_loss", "entropy_loss",
          "approx_kl", "clip_fraction", "clip_range", "learning_rate", "explained_variance"}) {
      EXPECT_TRUE(updates[i].at(name).is_number()) << name;
    }
  }
  EXPECT_LE(updates.back().at("ep_len_mean").get<double>(), 40.0);
  EXPECT_GT(updates.back().at("ep_len_mean").get<double>(), 30.0);  // a few start near the end of the part

  // Due after the rollouts that pass 500 and 1000, and at the end.
  std::vector<std::uint64_t> evaluated;
  double best_reward = -1e300;
  std::uint64_t best_timesteps = 0;
  for (const json& row : parsed.at("evaluations")) {
    evaluated.push_back(row.at("timesteps"));
    const bool best = row.at("mean_reward").get<double>() > best_reward;
    EXPECT_EQ(row.at("best"), best);
    EXPECT_NEAR(std::exp(row.at("mean_reward").get<double>()) - 1, row.at("total_return").get<double>(),
                1e-12);
    EXPECT_TRUE(row.at("trades").is_number_unsigned());
    if (best) best_reward = row.at("mean_reward"), best_timesteps = evaluated.back();
  }
  EXPECT_EQ(evaluated, (std::vector<std::uint64_t>{600, 1050, 1200}));
  EXPECT_EQ(parsed.at("best_timesteps"), best_timesteps);
  EXPECT_EQ(report.best_timesteps, best_timesteps);

  // The periods follow each other with the embargo between them, and the test is what was judged.
  const json& periods = parsed.at("periods");
  const auto time = [&](const char* period, const char* end) {
    return parse_time(periods.at(period).at(end).get<std::string>());
  };
  EXPECT_EQ(time("training", "from"), bars_.open_time.front());
  EXPECT_GE(time("validation", "from") - time("training", "to"), day_ms);
  EXPECT_GE(time("test", "from") - time("validation", "to"), day_ms);
  EXPECT_EQ(time("test", "to"), bars_.open_time.back());
  json evaluation = json::parse(bytes("run/evaluation.json"));
  EXPECT_GT(evaluation.erase("trades"), 0u);
  EXPECT_EQ(parsed.at("test"), evaluation);
}

TEST_F(TrainPpo, says_whether_the_kept_policy_beat_cash_and_buy_and_hold_on_validation) {
  std::vector<bool> beat_cash;
  // Whatever is learnt, a policy that may only be long, or only short, gains just where the market moves its
  // way.
  for (const double side : {1.0, -1.0}) {
    const std::string out = side > 0 ? "long" : "short";
    TrainRequest wanted = request(out);
    wanted.config.env.instrument = execution::free_of_costs();
    wanted.config.env.exposures = {0.9 * side, side};
    const TrainReport report = train_policy(wanted);
    ASSERT_TRUE(report.validation.has_value());
    const ValidationVerdict& verdict = *report.validation;
    const json parsed = results(out);
    double best = -1;
    for (const json& row : parsed.at("evaluations"))
      best = std::max(best, row.at("total_return").get<double>());
    EXPECT_NEAR(verdict.total_return, std::max(best, 1e-4 - 1), 1e-12);

    // Held from the open of the second bar to that of the last.
    const TimeMs from = parse_time(parsed.at("periods").at("validation").at("from").get<std::string>());
    const TimeMs to = parse_time(parsed.at("periods").at("validation").at("to").get<std::string>());
    const auto row_of = [&](TimeMs time) {
      return static_cast<std::size_t>(std::ranges::lower_bound(bars_.open_time, time) -
                                      bars_.open_time.begin());
    };
    const double growth = bars_.open[row_of(to)] / bars_.open[row_of(from) + 1];
    EXPECT_NEAR(verdict.buy_and_hold_return, growth - 1, 1e-12);
    ASSERT_GT(std::abs(growth - 1), 0.05);
    EXPECT_EQ(verdict.beats_cash, side * (growth - 1) > 0);

    EXPECT_EQ(verdict.beats_cash, verdict.total_return > 0);
    EXPECT_EQ(verdict.beats_buy_and_hold, verdict.total_return > verdict.buy_and_hold_return);
    EXPECT_EQ(parsed.at("validation"), (json{{"total_return", verdict.total_return},
                                             {"buy_and_hold_return", verdict.buy_and_hold_return},
                                             {"beats_cash", verdict.beats_cash},
                                             {"beats_buy_and_hold", verdict.beats_buy_and_hold},
                                             {"sentence", verdict.sentence}}));
    for (const std::string& text : {evaluation::render_text(report.test), bytes(out + "/report.html")})
      EXPECT_NE(text.find(verdict.beats_cash ? "did better than cash" : "No policy of this training"),
                std::string::npos);
    beat_cash.push_back(verdict.beats_cash);
  }
  EXPECT_NE(beat_cash[0], beat_cash[1]);
}

TEST_F(TrainPpo, costs_in_training_do_not_change_the_judgement) {
  // Weights that never change: what is played in training has no influence on the policy.
  TrainRequest plain = request("plain");
  plain.config.ppo.learning_rate = 1e-30;
  train_policy(plain);
  TrainRequest dear = request("dear");
  dear.config.ppo.learning_rate = 1e-30;
  dear.config.env.training_cost_factor = 5;
  train_policy(dear);
  EXPECT_EQ(results("plain").at("evaluations"), results("dear").at("evaluations"));
  EXPECT_EQ(bytes("plain/trades.csv"), bytes("dear/trades.csv"));
  EXPECT_NE(results("plain").at("updates").back().at("ep_rew_mean"),
            results("dear").at("updates").back().at("ep_rew_mean"));
}

TEST_F(TrainPpo, resumed_is_the_same_as_in_one_go) {
  train_policy(request("whole"));
  // 400 and 700 lie between rollouts and between evaluations, 150 before the first of them.
  for (const std::uint64_t first : {150u, 400u, 700u, 1200u}) {
    TrainRequest begun = request("parts");
    begun.config.train.total_timesteps = first;
    train_policy(begun);
    train_policy(resumed("parts"));
    expect_same_outputs("whole", "parts");
    EXPECT_EQ(fs::exists(folder_ / "parts/tensorboard_logs/PPO_2"), false);
    fs::remove_all(folder_ / "parts");
  }
}

TEST_F(TrainPpo, a_resumed_training_needs_nothing_but_its_checkpoint) {
  train_policy(request("whole"));
  TrainRequest begun = request("parts");
  begun.config.train.total_timesteps = 600;
  train_policy(begun);
  const std::string checkpoint = bytes("parts/checkpoints/ppo.zip");
  fs::remove_all(folder_ / "parts");
  write_file(folder_ / "parts/checkpoints/ppo.zip", checkpoint);
  train_policy(resumed("parts"));
  expect_same_outputs("whole", "parts");
}

TEST_F(TrainPpo, without_evaluations_the_last_policy_is_kept_and_resumed_alike) {
  TrainRequest wanted = request("whole");
  wanted.config.train.eval_freq = 0;
  EXPECT_EQ(train_policy(wanted).best_timesteps, 1200u);
  EXPECT_TRUE(results("whole").at("evaluations").empty());
  EXPECT_TRUE(results("whole").at("validation").is_null());
  wanted.out = folder_ / "parts";
  wanted.config.train.total_timesteps = 600;
  EXPECT_EQ(train_policy(wanted).best_timesteps, 600u);
  wanted.config.train.total_timesteps = 1200;
  wanted.resume = true;
  EXPECT_EQ(train_policy(wanted).best_timesteps, 1200u);
  EXPECT_EQ(bytes("whole/models/ppo_stevie.zip") == bytes("parts/models/ppo_stevie.zip"), true);
}

TEST_F(TrainPpo, two_threads_leave_the_same_bytes_as_one) {
  train_policy(request("one"));
  TrainRequest wanted = request("two");
  wanted.config.ppo.threads = 2;
  train_policy(wanted);
  for (const char* file : {"models/ppo_stevie.zip", "checkpoints/ppo.zip", "trades.csv"})
    EXPECT_EQ(bytes(std::string("one/") + file) == bytes(std::string("two/") + file), true) << file;
  TrainRequest other_seed = request("other");
  other_seed.config.ppo.seed = 2;
  train_policy(other_seed);
  EXPECT_EQ(bytes("one/models/ppo_stevie.zip") == bytes("other/models/ppo_stevie.zip"), false);
}

TEST_F(TrainPpo, refuses_to_resume_what_is_another_training) {
  EXPECT_EQ(fault_of(resumed("run")), "train.not_resumable");
  EXPECT_FALSE(fs::exists(folder_ / "run"));
  TrainRequest begun = request("run");
  begun.config.train.total_timesteps = 300;
  train_policy(begun);
  const std::string checkpoint = bytes("run/checkpoints/ppo.zip");

  TrainRequest wanted = resumed("run");
  wanted.config.ppo.gamma = 0.9;
  EXPECT_EQ(fault_of(wanted), "train.checkpoint_differs");
  wanted = resumed("run");
  wanted.config.env.instrument.taker_fee_bps = 1;
  EXPECT_EQ(fault_of(wanted), "train.checkpoint_differs");
  wanted = resumed("run");
  wanted.config.network.policy_widths = {32};
  EXPECT_EQ(fault_of(wanted), "train.checkpoint_differs");
  wanted = resumed("run");
  wanted.config.data.train_fraction = 0.6;
  EXPECT_EQ(fault_of(wanted), "train.checkpoint_differs");
  write_market("ABC/USDT", 2);  // as many bars at the same times, but other prices
  EXPECT_EQ(fault_of(resumed("run")), "train.checkpoint_differs");
  write_market("ABC/USDT", 1);
  EXPECT_EQ(bytes("run/checkpoints/ppo.zip") == checkpoint, true);
  EXPECT_EQ(fault_of(resumed("run")), "no error");
}

TEST_F(TrainPpo, refuses_damaged_checkpoints) {
  TrainRequest begun = request("run");
  begun.config.train.total_timesteps = 300;
  train_policy(begun);
  const fs::path path = folder_ / "run/checkpoints/ppo.zip";
  const std::string whole = read_file(path);
  write_file(path, whole.substr(0, whole.size() / 2));
  EXPECT_EQ(fault_of(resumed("run")), "model.unreadable");
  fs::copy_file(folder_ / "run/models/ppo_stevie.zip", path, fs::copy_options::overwrite_existing);
  EXPECT_EQ(fault_of(resumed("run")), "train.not_resumable");

  nn::ModelFile model = nn::parse_model_file(whole, "checkpoint");
  std::string& state = model.extra_members.at("checkpoint.bin");
  state.resize(state.size() - 1);
  nn::write_model_file(path, model);
  EXPECT_EQ(fault_of(resumed("run")), "train.not_resumable");
  model = nn::parse_model_file(whole, "checkpoint");
  model.extra_members.at("history.json") = "{}";
  nn::write_model_file(path, model);
  EXPECT_EQ(fault_of(resumed("run")), "train.not_resumable");
}

TEST_F(TrainPpo, an_interrupt_saves_a_checkpoint_that_goes_on) {
  train_policy(request("whole"));
  TrainRequest wanted = request("parts");
  int readings = 0;
  wanted.wall_clock = [&readings] {
    constexpr int reading_of_an_update = 8;  // somewhere in the third or fourth of eight updates
    if (++readings == reading_of_an_update) std::raise(SIGINT);
    return 1.7e9 + readings;
  };
  {
    const InterruptGuard guard;
    try {
      train_policy(wanted);
      FAIL() << "must stop";
    } catch (const Interrupted& stop) {
      EXPECT_NE(std::string(stop.what()).find("--resume"), std::string::npos);
    }
  }
  EXPECT_FALSE(fs::exists(folder_ / "parts/training_results.json"));
  ASSERT_TRUE(fs::exists(folder_ / "parts/checkpoints/ppo.zip"));
  train_policy(resumed("parts"));
  expect_same_outputs("whole", "parts");
}

TEST_F(TrainPpo, says_before_training_that_it_cannot_write) {
  write_file(folder_ / "occupied", "a file");
  EXPECT_EQ(fault_of(request("occupied")), "file.unwritable");
  EXPECT_EQ(bytes("occupied"), "a file");
  TrainRequest wanted = request("run");
  wanted.tensorboard_log = folder_ / "occupied";
  EXPECT_EQ(fault_of(wanted), "file.unwritable");
  EXPECT_TRUE(files_in(folder_ / "run").empty());
}

/// No file of this process may grow beyond a size: what a full disk does to a write, without filling one.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t most_bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{most_bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_{};
  void (*old_handler_)(int);
};

TEST_F(TrainPpo, a_full_disk_leaves_nothing_half_written) {
  {
    const FileSizeLimit limit(20'000);  // enough for events, not for a model
    EXPECT_EQ(fault_of(request("run")), "file.unwritable");
  }
  for (const std::string& file : files_in(folder_ / "run"))
    EXPECT_TRUE(file.starts_with("tensorboard_logs/PPO_1/events.out.tfevents.")) << file;

  // What was there before stays as it was.
  train_policy(request("run"));
  const std::string model = bytes("run/models/ppo_stevie.zip");
  const std::string checkpoint = bytes("run/checkpoints/ppo.zip");
  const std::vector<std::string> files = files_in(folder_ / "run");
  TrainRequest longer = resumed("run");
  longer.config.train.total_timesteps = 3000;
  longer.tensorboard_log = folder_ / "elsewhere";
  {
    const FileSizeLimit limit(20'000);
    EXPECT_EQ(fault_of(longer), "file.unwritable");
  }
  EXPECT_EQ(files_in(folder_ / "run"), files);
  EXPECT_EQ(bytes("run/models/ppo_stevie.zip") == model, true);
  EXPECT_EQ(bytes("run/checkpoints/ppo.zip") == checkpoint, true);
}

TEST_F(TrainPpo, bad_bars_leave_nothing_behind) {
  TrainRequest wanted = request("run");
  wanted.data = folder_ / "none.csv";
  EXPECT_EQ(fault_of(wanted), "file.missing");
  write_market("ABC/USDT", 1, features::feature_warm_up() / 2);
  const std::string code = fault_of(request("run"));
  EXPECT_NE(code, "no error");
  write_market("ABC/USDT", 1);
  wanted = request("run");
  wanted.config.data.validation_from = format_time(bars_.open_time[2000]);
  wanted.config.data.test_from = format_time(bars_.open_time.back());  // one bar to be judged on
  EXPECT_EQ(fault_of(wanted), "train.short_split");
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(TrainPpo, file_names_need_not_be_text) {
  TrainRequest wanted = request("run\xff");
  wanted.data = folder_ / "ABCUSDT_1h\xff.csv";
  fs::rename(data_, wanted.data);
  EXPECT_EQ(fault_of(wanted), "no error");
  EXPECT_EQ(results("run\xff").at("timesteps"), 1200);
}

TEST_F(TrainPpo, a_loss_that_is_no_number_stops_the_training) {
  TrainRequest wanted = request("run");
  wanted.config.env.drawdown_penalty = 1e30;  // rewards whose square is beyond float32
  EXPECT_EQ(fault_of(wanted), "train.diverged");
  EXPECT_FALSE(fs::exists(folder_ / "run/models/ppo_stevie.zip"));
}

TEST_F(TrainPpo, every_output_says_that_a_market_is_synthetic) {
  TrainRequest flagged = request("flagged");
  flagged.synthetic = true;
  const TrainReport by_flag = train_policy(flagged);
  const TrainReport real = train_policy(request("real"));
  write_market("SYNTH/USDT", 1);  // the name tells
  const TrainReport by_name = train_policy(request("named"));
  const auto check = [this](const std::string& out, const TrainReport& report, bool synthetic) {
    SCOPED_TRACE(out);
    EXPECT_EQ(results(out).at("synthetic"), synthetic);
    EXPECT_EQ(results(out).at("test").at("synthetic"), synthetic);
    EXPECT_EQ(json::parse(bytes(out + "/evaluation.json")).at("synthetic"), synthetic);
    const auto says = [synthetic](std::string text) {
      std::ranges::transform(text, text.begin(), [](unsigned char letter) { return std::tolower(letter); });
      return (text.find("synthetic market") != std::string::npos) == synthetic;
    };
    EXPECT_TRUE(says(bytes(out + "/report.html")));
    EXPECT_TRUE(says(evaluation::render_text(report.test)));
    const nn::ModelFile model = nn::read_model_file(report.model);
    EXPECT_EQ(json::parse(model.extra_members.at("stevie.json")).at("synthetic"), synthetic);
  };
  check("flagged", by_flag, true);
  check("named", by_name, true);
  check("real", real, false);
}

}  // namespace
}  // namespace stevie::app
