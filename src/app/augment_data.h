#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "core/time.h"
#include "market/augmentation.h"

namespace stevie::app {

/// What `stevie data augment` is asked to do.
struct AugmentDataRequest {
  std::filesystem::path in;
  std::optional<TimeMs> from, to;  // bars outside are left out
  market::AugmentationConfig augmentation;
  std::uint64_t seed = 1;
  std::uint64_t episode = 1;       // another number, other draws
  std::filesystem::path out;       // bars; empty: none
  std::filesystem::path picture;   // SVG; empty: none
  std::size_t picture_bars = 120;  // the first ones of both
};

/// Augments the bars of a file, all together as one window, and writes them out to look at. The symbol of
/// augmented bars starts with SYNTH, so that everything that reads them says that they are made up. Returns a
/// sentence or two about what was done. Throws Error "market.bad_augmentation" (also without a technique),
/// "market.no_bars" where the period holds fewer than two, and what reading and writing throw.
std::string augment_data(const AugmentDataRequest& request);

/// The first bars of both as candles with their volumes, one picture above the other on one scale; the closes
/// of the original once more as a line among the augmented ones. A whole SVG file.
std::string augmentation_svg(const market::Bars& original, const market::Bars& augmented,
                             const std::string& title, std::size_t bars);

}  // namespace stevie::app
