#pragma once
#include <cstddef>
#include <span>
#include <vector>

namespace stevie::stats {

/// Places of at most `most` values of a series, ascending, from which it can be drawn as if all were there:
/// the first and the last of it, and the lowest and the highest of each of equally long stretches between
/// them (the "M4" of Jugel et al. 2014 without first and last of each stretch), so that no peak and no trough
/// is lost. All places where there are no more than `most`. With `most` below 4 there is no room for
/// extremes: the last, then the first, then the extreme that lies further from the line between them. NaN
/// counts as no extreme.
std::vector<std::size_t> thin_out(std::span<const double> values, std::size_t most);

}  // namespace stevie::stats
