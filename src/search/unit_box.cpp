#include "search/unit_box.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"

namespace stevie::search {
namespace {

std::string dimension_faults(const Box& box, std::size_t i) {
  const std::string name = "dimension " + std::to_string(i);
  if (!std::isfinite(box.lower[i]) || !std::isfinite(box.upper[i])) return name + " has no finite bounds";
  if (!(box.lower[i] < box.upper[i])) return name + " has an upper bound that is not above the lower one";
  if (box.start.size() != box.dimensions()) return {};
  const bool inside = box.start[i] >= box.lower[i] && box.start[i] <= box.upper[i];
  return inside ? "" : name + " starts outside its bounds";
}

}  // namespace

void Box::validate() const {
  std::vector<std::string> faults;
  if (lower.empty()) faults.emplace_back("it has no dimensions");
  if (upper.size() != lower.size())
    faults.push_back("it has " + std::to_string(lower.size()) + " lower and " + std::to_string(upper.size()) +
                     " upper bounds");
  if (!start.empty() && start.size() != lower.size())
    faults.push_back("its start has " + std::to_string(start.size()) + " coordinates instead of " +
                     std::to_string(lower.size()));
  for (std::size_t i = 0; i < std::min(lower.size(), upper.size()); ++i) {
    if (std::string fault = dimension_faults(*this, i); !fault.empty()) faults.push_back(std::move(fault));
  }
  if (faults.empty()) return;
  std::string text;
  for (const std::string& fault : faults) text += (text.empty() ? "" : "; ") + fault;
  throw Error("search.bad_box", "the box to search cannot be used: " + text);
}

UnitBox::UnitBox(const Box& box) {
  box.validate();
  lower_ = box.lower;
  upper_ = box.upper;
  start_.assign(box.dimensions(), 0.5);
  for (std::size_t i = 0; i < box.start.size(); ++i) {
    start_[i] = (box.start[i] - lower_[i]) / (upper_[i] - lower_[i]);
  }
}

std::vector<double> UnitBox::point(std::span<const double> unit) const {
  std::vector<double> result(dimensions());
  for (std::size_t i = 0; i < dimensions(); ++i) {
    const double inside = std::clamp(unit[i], 0.0, 1.0);
    // The sum may round past the bound that it stands for.
    result[i] = std::clamp(lower_[i] + inside * (upper_[i] - lower_[i]), lower_[i], upper_[i]);
  }
  return result;
}

void UnitBox::write(ByteWriter& writer) const {
  for (const auto* column : {&lower_, &upper_, &start_}) writer.array<double>(*column);
}

double comparable(double reward) {
  return std::isfinite(reward) ? reward : -std::numeric_limits<double>::infinity();
}

void SearchRecord::tell(const std::vector<std::vector<double>>& points, std::span<const double> rewards) {
  if (rewards.size() != points.size())
    throw Error("search.bad_rewards", "the batch has " + std::to_string(points.size()) + " points and " +
                                          std::to_string(rewards.size()) + " rewards were told");
  bool same = true;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double reward = comparable(rewards[i]);
    same = same && reward == comparable(rewards[0]);
    if (std::isfinite(reward) && (!best || reward > best->reward))
      best = BestPoint{points[i], reward, episodes};
  }
  flat = same ? flat + 1 : 0;
  ++episodes;
}

void SearchRecord::write(ByteWriter& writer) const {
  writer.value(episodes);
  writer.value(flat);
  writer.value<std::uint8_t>(best.has_value());
  if (!best) return;
  writer.array<double>(best->point);
  writer.value(best->reward);
  writer.value(best->episode);
}

void SearchRecord::read(ByteReader& reader) {
  episodes = reader.value<std::uint64_t>();
  flat = reader.value<std::uint64_t>();
  best.reset();
  if (reader.value<std::uint8_t>() == 0) return;
  best.emplace();
  best->point = reader.array<double>();
  best->reward = reader.value<double>();
  best->episode = reader.value<std::uint64_t>();
}

std::vector<double> centred_ranks(std::span<const double> values) {
  const std::size_t count = values.size();
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return comparable(values[a]) < comparable(values[b]); });
  std::vector<double> ranks(count, 0.0);
  if (count < 2) return ranks;
  for (std::size_t first = 0; first < count;) {
    std::size_t last = first;
    while (last + 1 < count && comparable(values[order[last + 1]]) == comparable(values[order[first]]))
      ++last;
    const double mean_rank = 0.5 * static_cast<double>(first + last) / static_cast<double>(count - 1) - 0.5;
    for (std::size_t k = first; k <= last; ++k) ranks[order[k]] = mean_rank;
    first = last + 1;
  }
  return ranks;
}

void write_identity(ByteWriter& writer, std::string_view identity) {
  writer.array<char>(std::span(identity.data(), identity.size()));
}

void check_identity(ByteReader& reader, std::string_view identity) {
  const std::vector<char> found = reader.array<char>();
  if (std::string_view(found.data(), found.size()) == identity) return;
  throw Error("search.state_differs",
              "the saved search is of another box or configuration: go on with the ones it was started with, "
              "or start anew");
}

}  // namespace stevie::search
