#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "search/search.h"

namespace stevie::search {

/// The box with every coordinate mapped to [0, 1].
class UnitBox {
 public:
  explicit UnitBox(const Box& box);  // throws as Box::validate()

  std::size_t dimensions() const { return lower_.size(); }
  const std::vector<double>& start() const { return start_; }  // in units of the box
  /// Back to the coordinates of the box, onto the nearest bound where a unit coordinate lies outside [0, 1].
  std::vector<double> point(std::span<const double> unit) const;
  void write(ByteWriter& writer) const;

 private:
  std::vector<double> lower_, upper_, start_;
};

/// What every search keeps besides its policy: how many episodes it was told, the best point, and for how
/// many batches in a row all rewards were the same.
struct SearchRecord {
  std::uint64_t episodes = 0;
  std::uint64_t flat = 0;
  std::optional<BestPoint> best;

  /// Takes a batch. Throws Error "search.bad_rewards".
  void tell(const std::vector<std::vector<double>>& points, std::span<const double> rewards);
  void write(ByteWriter& writer) const;
  void read(ByteReader& reader);
};

/// Orders rewards; one that is not finite lies below all finite ones.
double comparable(double reward);

/// Centred ranks: -1/2 for the lowest, 1/2 for the highest, the mean of the ranks among equals; 0 for one
/// value.
std::vector<double> centred_ranks(std::span<const double> values);

/// The start of a saved state: of which box and configuration it is. `check` throws Error
/// "search.state_differs".
void write_identity(ByteWriter& writer, std::string_view identity);
void check_identity(ByteReader& reader, std::string_view identity);

}  // namespace stevie::search
