#include "market/augmentation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/random.h"
#include "core/text.h"
#include "market/raw_bars.h"

namespace stevie::market {
namespace {

constexpr std::array<std::string_view, std::size(all_techniques)> names{
    "noise", "volume", "shift", "volatility", "warp", "bootstrap", "permutation"};
constexpr std::size_t usual_techniques = 5;
constexpr std::string_view all_word = "all";

// Every technique draws from streams of its own, so that adding one leaves what the others do as it is.
constexpr std::uint64_t share_draw = 7;

RandomStream stream_of(const AugmentationKey& key, std::uint64_t what) {
  constexpr std::uint64_t own = std::uint64_t{1} << 61;
  return {key.seed, own | key.stream << 35 | (key.episode & 0xffff'ffffu) << 3 | what};
}
RandomStream stream_of(const AugmentationKey& key, Technique technique) {
  return stream_of(key, static_cast<std::uint64_t>(technique));
}

double uniform(RandomStream& random, double from, double to) {
  return from + (to - from) * random.uniform();
}

/// Puts the prices back into their range and order, which rounding and noise may have left.
void enclose(Bars& bars) {
  for (std::size_t i = 0; i < bars.size(); ++i) {
    for (double* price : {&bars.open[i], &bars.high[i], &bars.low[i], &bars.close[i]})
      *price = std::clamp(*price, smallest_price, largest_price);
    bars.high[i] = std::max({bars.high[i], bars.open[i], bars.close[i], bars.low[i]});
    bars.low[i] = std::min({bars.low[i], bars.open[i], bars.close[i]});
    bars.volume[i] = std::clamp(bars.volume[i], 0.0, largest_volume);
  }
}

// Blocks of bars one behind the other.

bool follows(const Bars& bars, std::size_t bar, BarRange pool) {
  return bar > pool.begin && bars.open_time[bar] - bars.open_time[bar - 1] == bars.interval;
}

/// Mean of the volumes of a bar and up to a week of hours before it.
double mean_volume(const Bars& bars, std::size_t bar, BarRange pool) {
  constexpr std::size_t looked_at = 168;
  const std::size_t before = std::min(looked_at, bar - pool.begin);
  const auto last = bars.volume.begin() + static_cast<std::ptrdiff_t>(bar);
  return std::accumulate(last - static_cast<std::ptrdiff_t>(before), last + 1, 0.0) /
         static_cast<double>(before + 1);
}

/// Lays bars behind each other, each with its moves from the close before.
class PathBuilder {
 public:
  PathBuilder(const Bars& bars, BarRange window, BarRange pool, Bars& path)
      : bars_(bars), window_(window), pool_(pool), path_(path), close_(bars.open[window.begin]) {}

  /// `first_of_block`: the volumes from here on are brought to the window's size.
  void add(std::size_t from, bool first_of_block) {
    const std::size_t at = path_.size();
    if (first_of_block) {
      const double here = mean_volume(bars_, window_.begin + at, {0, bars_.size()});
      const double there = mean_volume(bars_, from, pool_);
      volume_factor_ = here > 0 && there > 0 ? here / there : 1.0;
    }
    const double gap = at > 0 && follows(bars_, from, pool_) ? bars_.open[from] / bars_.close[from - 1] : 1.0;
    const double open = std::clamp(close_ * gap, 1e3 * smallest_price, 1e-3 * largest_price);
    const double scale = open / bars_.open[from];
    close_ = bars_.close[from] * scale;
    path_.push_back({bars_.open_time[window_.begin + at], open, bars_.high[from] * scale,
                     bars_.low[from] * scale, close_, bars_.volume[from] * volume_factor_});
  }

 private:
  const Bars& bars_;
  BarRange window_, pool_;
  Bars& path_;
  double close_;
  double volume_factor_ = 1.0;
};

Bars empty_like(const Bars& bars, std::size_t count) {
  Bars made = bars.slice(0, 0);
  made.reserve(count);
  return made;
}

Bars bootstrap_path(const Bars& bars, BarRange window, BarRange pool, std::size_t count,
                    const AugmentationConfig& config, RandomStream random) {
  Bars path = empty_like(bars, count);
  PathBuilder builder(bars, window, pool, path);
  const double new_block = 1.0 / static_cast<double>(config.block_bars);
  std::size_t from = pool.end;
  while (path.size() < count) {
    const bool begins = from >= pool.end || random.uniform() < new_block;
    if (begins) from = pool.begin + random.below(pool.size());
    builder.add(from++, begins);
  }
  return path;
}

Bars permuted_path(const Bars& bars, BarRange window, std::size_t count, const AugmentationConfig& config,
                   RandomStream random) {
  std::vector<std::size_t> begins;
  for (std::size_t begin = 0; begin < count; begin += config.block_bars) begins.push_back(begin);
  for (std::size_t left = begins.size(); left > 1; --left)
    std::swap(begins[left - 1], begins[random.below(left)]);
  Bars path = empty_like(bars, count);
  PathBuilder builder(bars, window, window, path);
  for (const std::size_t begin : begins) {
    const std::size_t end = std::min(begin + config.block_bars, count);
    for (std::size_t bar = begin; bar < end; ++bar) builder.add(window.begin + bar, bar == begin);
  }
  return path;
}

// Time at another speed.

/// A part of a bar: prices as logs, time as a share of the bar.
struct Piece {
  double open, high, low, close, share;
};

/// Cuts one bar at rising times in (0, 1).
class BarCutter {
 public:
  /// Volatility within a bar is taken to go with its range. How much of the range it is follows from all bars
  /// together, so that a price halfway differs from open and close as much as these differ from each other.
  BarCutter(const Bars& bars, RandomStream random) : random_(random) {
    double moves = 0, ranges = 0;
    for (std::size_t i = 0; i < bars.size(); ++i) {
      moves += square(std::log(bars.close[i] / bars.open[i]));
      ranges += square(std::log(bars.high[i] / bars.low[i]));
    }
    share_of_range_ = ranges > 0 ? std::sqrt(moves / ranges) : 0.0;
  }

  const std::vector<Piece>& cut(const Bar& bar, const std::vector<double>& cuts) {
    low_ = std::log(bar.low);
    high_ = std::log(bar.high);
    deviation_ = share_of_range_ * (high_ - low_);
    pieces_.clear();
    const double close = std::log(bar.close);
    double price = std::log(bar.open), time = 0;
    for (const double cut : cuts) {
      const double left = 1.0 - time, share = cut - time;
      const double mean = price + (close - price) * share / left;
      const double spread = deviation_ * std::sqrt(share * (left - share) / left);
      // Not held within low and high: that would draw it towards the mean, and make a trend of two halves.
      const double next = mean + spread * random_.normal();
      add(price, next, share);
      price = next;
      time = cut;
    }
    add(price, close, 1.0 - time);
    // The bar's own extremes were somewhere: in the pieces that came nearest to them.
    Piece& highest = *std::ranges::max_element(pieces_, {}, &Piece::high);
    Piece& lowest = *std::ranges::min_element(pieces_, {}, &Piece::low);
    highest.high = std::max(highest.high, high_);
    lowest.low = std::min(lowest.low, low_);
    return pieces_;
  }

 private:
  static double square(double value) { return value * value; }
  void add(double from, double to, double share) {
    const double highest = std::max(from, to), lowest = std::min(from, to);
    const double high = std::min(extreme(from, to, share), high_);
    const double low = std::max(-extreme(-from, -to, share), low_);
    pieces_.push_back({from, std::max(high, highest), std::min(low, lowest), to, share});
  }
  /// The largest value of a Brownian bridge, drawn: P(max > m) = exp(-2 (m - from) (m - to) / variance).
  double extreme(double from, double to, double share) {
    const double variance = deviation_ * deviation_ * share;
    const double u = 1.0 - random_.uniform();  // in (0, 1]
    return 0.5 * (from + to + std::sqrt(square(to - from) - 2.0 * variance * std::log(u)));
  }

  RandomStream random_;
  double share_of_range_ = 0;
  double low_ = 0, high_ = 0, deviation_ = 0;
  std::vector<Piece> pieces_;
};

/// Puts pieces together to bars that each span `factor` old ones.
class WarpedBars {
 public:
  WarpedBars(const Bars& bars, std::size_t count) : made_(empty_like(bars, count)) {}

  void add(const Piece& piece, double volume) {
    if (empty_) bar_ = {0, piece.open, piece.high, piece.low, piece.close, 0};
    empty_ = false;
    bar_.high = std::max(bar_.high, piece.high);
    bar_.low = std::min(bar_.low, piece.low);
    bar_.close = piece.close;
    bar_.volume += volume;
  }
  void finish_bar(TimeMs time) {
    made_.push_back({time, std::exp(bar_.open), std::exp(bar_.high), std::exp(bar_.low), std::exp(bar_.close),
                     bar_.volume});
    empty_ = true;
  }
  std::size_t size() const { return made_.size(); }
  Bars take() { return std::move(made_); }

 private:
  Bars made_;
  Bar bar_;
  bool empty_ = true;
};

Bars warped(const Bars& bars, double factor, std::size_t most, RandomStream random) {
  constexpr double nothing = 1e-9;  // of a bar
  const TimeMs start = bars.open_time.front();
  WarpedBars made(bars, std::min(most, bars.size() + bars.size() / 2));
  BarCutter cutter(bars, random);
  std::vector<double> cuts;
  for (std::size_t i = 0; i < bars.size() && made.size() < most; ++i) {
    const auto begin = static_cast<double>(i);
    cuts.clear();
    std::size_t ends = made.size() + 1;  // the next new bar ends at factor * ends
    for (; factor * static_cast<double>(ends) < begin + 1.0 - nothing; ++ends)
      cuts.push_back(factor * static_cast<double>(ends) - begin);
    const bool ends_with_bar = factor * static_cast<double>(ends) <= begin + 1.0 + nothing;
    const std::vector<Piece>& pieces = cutter.cut(bars[i], cuts);
    for (std::size_t k = 0; k < pieces.size() && made.size() < most; ++k) {
      made.add(pieces[k], bars.volume[i] * pieces[k].share);
      if (k + 1 < pieces.size() || ends_with_bar)
        made.finish_bar(start + static_cast<TimeMs>(made.size()) * bars.interval);
    }
  }
  return made.take();
}

// Changes of single bars.

void scale_moves(Bars& bars, double factor) {
  const double anchor = std::log(bars.open.front());
  for (auto* column : {&bars.open, &bars.high, &bars.low, &bars.close})
    for (double& price : *column) price = std::exp(anchor + factor * (std::log(price) - anchor));
}

void shift_levels(Bars& bars, const AugmentationConfig& config, RandomStream random) {
  const auto draw = [&] { return 1.0 + uniform(random, -config.price_shift, config.price_shift); };
  double level = draw();
  for (std::size_t i = 0; i < bars.size(); ++i) {
    if (random.uniform() * config.shift_bars < 1.0) level = draw();
    for (auto* column : {&bars.open, &bars.high, &bars.low, &bars.close}) (*column)[i] *= level;
  }
}

void add_noise(Bars& bars, double deviation, RandomStream random) {
  for (std::size_t i = 0; i < bars.size(); ++i)
    for (auto* column : {&bars.open, &bars.high, &bars.low, &bars.close})
      (*column)[i] *= std::exp(deviation * random.normal());
}

void scale_volumes(Bars& bars, double change, RandomStream random) {
  for (double& volume : bars.volume) volume *= 1.0 + uniform(random, -change, change);
}

}  // namespace

std::string_view to_string(Technique technique) {
  return names[static_cast<std::size_t>(technique)];
}

bool AugmentationConfig::uses(Technique technique) const {
  const auto number = static_cast<std::size_t>(technique);
  return std::ranges::any_of(techniques, [number](const std::string& name) {
    return name == names[number] || (name == all_word && number < usual_techniques);
  });
}

std::vector<std::string> AugmentationConfig::faults() const {
  std::vector<std::string> faults;
  const auto require = [&faults](bool good, std::string text) {
    if (!good) faults.push_back(std::move(text));
  };
  std::string known(all_word);
  for (const std::string_view name : names) known.append(", ").append(name);
  for (const std::string& name : techniques)
    require(name == all_word || std::ranges::find(names, name) != names.end(),
            "there is no technique '" + name + "': choose of " + known);
  require(!(uses(Technique::bootstrap) && uses(Technique::permutation)),
          "bootstrap and permutation both lay out the path: choose one");
  require(share > 0 && share <= 1, "share must be above 0 and at most 1");
  require(noise_deviation >= 0 && noise_deviation <= 0.1, "noise_deviation must be from 0 to 0.1");
  require(volume_change >= 0 && volume_change < 1, "volume_change must be from 0 to below 1");
  require(price_shift >= 0 && price_shift <= 0.5, "price_shift must be from 0 to 0.5");
  require(shift_bars >= 1 && shift_bars <= 1e9, "shift_bars must be at least 1");
  require(volatility_from >= 0.1 && volatility_from <= volatility_to && volatility_to <= 10,
          "volatility_from must not be above volatility_to, both from 0.1 to 10");
  require(warp_from >= 0.5 && warp_from <= warp_to && warp_to <= 2,
          "warp_from must not be above warp_to, both from 0.5 to 2");
  require(block_bars >= 1 && block_bars <= 1'000'000, "block_bars must be from 1 to 1000000");
  return faults;
}

void AugmentationConfig::validate() const {
  const std::string all = joined(faults());
  if (!all.empty()) throw Error("market.bad_augmentation", all, "augmentation");
}

AugmentationDraw draw_of(const AugmentationConfig& config, const AugmentationKey& key) {
  AugmentationDraw draw;
  draw.augmented = config.on() && stream_of(key, share_draw).uniform() < config.share;
  if (!draw.augmented) return draw;
  const auto factor = [&key](Technique technique, double from, double to) {
    RandomStream random = stream_of(key, technique);
    return uniform(random, from, to);
  };
  if (config.uses(Technique::volatility))
    draw.volatility = factor(Technique::volatility, config.volatility_from, config.volatility_to);
  if (config.uses(Technique::warp)) draw.warp = factor(Technique::warp, config.warp_from, config.warp_to);
  return draw;
}

Bars augment(const Bars& bars, BarRange window, BarRange pool, const AugmentationConfig& config,
             const AugmentationKey& key, std::size_t most) {
  const AugmentationDraw draw = draw_of(config, key);
  const bool warps = draw.augmented && config.uses(Technique::warp);
  const std::size_t count = warps ? window.size() : std::min(most, window.size());
  if (!draw.augmented || count == 0)
    return bars.slice(window.begin, window.begin + std::min(most, window.size()));

  Bars made;
  if (config.uses(Technique::bootstrap)) {
    made = bootstrap_path(bars, window, pool, count, config, stream_of(key, Technique::bootstrap));
  } else if (config.uses(Technique::permutation)) {
    made = permuted_path(bars, window, count, config, stream_of(key, Technique::permutation));
  } else {
    made = bars.slice(window.begin, window.begin + count);
  }
  enclose(made);
  if (warps) {
    RandomStream random = stream_of(key, Technique::warp);
    random.next_u64();  // the factor
    made = warped(made, draw.warp, most, random);
  }
  if (made.empty()) return made;
  if (config.uses(Technique::volatility)) scale_moves(made, draw.volatility);
  if (config.uses(Technique::shift)) shift_levels(made, config, stream_of(key, Technique::shift));
  if (config.uses(Technique::noise))
    add_noise(made, config.noise_deviation, stream_of(key, Technique::noise));
  if (config.uses(Technique::volume))
    scale_volumes(made, config.volume_change, stream_of(key, Technique::volume));
  enclose(made);
  return made;
}

}  // namespace stevie::market
