#include "features/pipeline.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "core/error.h"
#include "features/bar_history.h"
#include "features/registry.h"

namespace stevie::features {
namespace {

/// Raised by hand when the code of a column changes its values while its description stays.
constexpr int feature_revision = 1;

std::vector<OutputInfo> observed_outputs() {
  std::vector<OutputInfo> observed;
  for (const IndicatorGroup& group : indicator_groups()) {
    for (const OutputInfo& output : group.outputs) {
      if (output.in_observation) observed.push_back(output);
    }
  }
  return observed;
}

BarColumns columns_of(const market::Bars& bars, std::size_t begin, std::size_t size) {
  return {bars.open_time.data() + begin,
          bars.open.data() + begin,
          bars.high.data() + begin,
          bars.low.data() + begin,
          bars.close.data() + begin,
          bars.volume.data() + begin,
          size};
}

/// Column-major results of one block. The distance of columns is no power of two, so that a row's values do
/// not all fall into one set of the cache.
constexpr std::size_t column_stride = BarHistory::block_bars + 8;

/// The indicators behind the observation, with their state. Batch and streaming both run through process().
class Engine {
 public:
  Engine() : results_((market_value_count + 1) * column_stride, 0.0) {
    std::size_t column = 0;
    double* unused = results_.data() + market_value_count * column_stride;
    for (const IndicatorGroup& group : indicator_groups()) {
      Member member;
      bool observed = false;
      for (const OutputInfo& output : group.outputs) {
        observed = observed || output.in_observation;
        assert(!output.in_observation || column < market_value_count);
        member.outputs.push_back(output.in_observation ? results_.data() + column++ * column_stride : unused);
      }
      if (!observed) continue;
      member.indicator = group.make();
      members_.push_back(std::move(member));
    }
    assert(column == market_value_count);
  }

  /// rows: (bars.size, market_value_count).
  void process(const BarColumns& bars, float* rows) {
    const BarBlock block = history_.append(bars);
    for (Member& member : members_) member.indicator->update(block, member.outputs);
    for (std::size_t i = 0; i < bars.size; ++i) {
      float* row = rows + i * market_value_count;
      const double* value = results_.data() + i;
      for (std::size_t k = 0; k < market_value_count; ++k)
        row[k] = static_cast<float>(value[k * column_stride]);
    }
  }

  std::size_t bars_seen() const { return history_.bars_seen(); }

 private:
  struct Member {
    std::unique_ptr<Indicator> indicator;
    std::vector<double*> outputs;  // columns in results_; unobserved outputs go to the last one
  };

  BarHistory history_;
  std::vector<Member> members_;
  AlignedVector<double> results_;  // (market_value_count + 1, column_stride)
};

}  // namespace

struct FeatureStream::State {
  Engine engine;
};

std::vector<std::string> feature_names() {
  std::vector<std::string> names;
  for (const OutputInfo& output : observed_outputs()) names.push_back(output.name);
  return names;
}

std::size_t feature_warm_up() {
  std::size_t longest = 1;
  for (const OutputInfo& output : observed_outputs()) longest = std::max(longest, output.look_back);
  return longest - 1;
}

std::string feature_set_version() {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, 64 bits
  for (const OutputInfo& output : observed_outputs()) {
    for (const char letter :
         output.name + "|" + output.formula + "|" + std::to_string(output.look_back) + "\n") {
      hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
    }
  }
  char text[40];
  std::snprintf(text, sizeof text, "%d-%016llx", feature_revision, static_cast<unsigned long long>(hash));
  return text;
}

FeatureMatrix compute_features(const market::Bars& bars) {
  FeatureMatrix matrix;
  matrix.rows = bars.size();
  matrix.columns = market_value_count;
  matrix.warm_up = std::min(feature_warm_up(), bars.size());
  matrix.values.reserve(matrix.rows * matrix.columns);
  Engine engine;
  for (std::size_t begin = 0; begin < bars.size(); begin += BarHistory::block_bars) {
    const std::size_t size = std::min(BarHistory::block_bars, bars.size() - begin);
    matrix.values.resize((begin + size) *
                         matrix.columns);  // block by block: cleared and filled within the cache
    engine.process(columns_of(bars, begin, size), matrix.values.data() + begin * matrix.columns);
  }
  return matrix;
}

FeatureStream::FeatureStream() : state_(std::make_unique<State>()) {}
FeatureStream::~FeatureStream() = default;
FeatureStream::FeatureStream(FeatureStream&&) noexcept = default;
FeatureStream& FeatureStream::operator=(FeatureStream&&) noexcept = default;

void FeatureStream::update(const market::Bar& bar, std::span<float> out) {
  assert(out.size() == market_value_count);
  state_->engine.process({&bar.open_time, &bar.open, &bar.high, &bar.low, &bar.close, &bar.volume, 1},
                         out.data());
}

std::size_t FeatureStream::bars_seen() const {
  return state_->engine.bars_seen();
}

std::vector<double> compute_indicator(const market::Bars& bars, std::string_view name) {
  std::string known;
  for (const IndicatorGroup& group : indicator_groups()) {
    for (std::size_t k = 0; k < group.outputs.size(); ++k) {
      known += (known.empty() ? "" : ", ") + group.outputs[k].name;
      if (group.outputs[k].name != name) continue;
      BarHistory history;
      const std::unique_ptr<Indicator> indicator = group.make();
      std::vector<double> values(bars.size());
      std::vector<double> unused(BarHistory::block_bars);
      std::vector<double*> outputs(group.outputs.size(), unused.data());
      for (std::size_t begin = 0; begin < bars.size(); begin += BarHistory::block_bars) {
        const std::size_t size = std::min(BarHistory::block_bars, bars.size() - begin);
        outputs[k] = values.data() + begin;
        indicator->update(history.append(columns_of(bars, begin, size)), outputs);
      }
      return values;
    }
  }
  throw Error("features.unknown_indicator",
              "there is no indicator '" + std::string(name) + "'; choose one of " + known);
}

}  // namespace stevie::features
