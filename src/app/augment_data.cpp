#include "app/augment_data.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/progress.h"
#include "market/readers.h"
#include "market/split.h"
#include "market/synthetic.h"

namespace stevie::app {

std::string augment_data(const AugmentDataRequest& request) {
  request.augmentation.validate();
  if (!request.augmentation.on()) {
    throw Error("market.bad_augmentation",
                "there is nothing to do without a technique: name some, such as `all` or `noise,warp`",
                "augmentation.techniques");
  }
  const market::Bars bars = market::read_bars(request.in);
  const market::BarRange range = market::time_range(bars, request.from, request.to);
  if (range.size() < 2) {
    throw Error("market.no_bars",
                "fewer than two bars lie in the period asked for: the file covers " +
                    format_time(bars.open_time.front()) + " to " + format_time(bars.open_time.back()),
                request.in.string());
  }
  const market::AugmentationKey key{request.seed, 0, request.episode};
  market::Bars made = market::augment(bars, range, range, request.augmentation, key);
  const market::AugmentationDraw draw = market::draw_of(request.augmentation, key);
  std::string title = fmt::format("{}, seed {}, episode {}", fmt::join(request.augmentation.techniques, ", "),
                                  request.seed, request.episode);
  if (draw.volatility != 1) title += fmt::format("; moves times {:.3f}", draw.volatility);
  if (draw.warp != 1) title += fmt::format("; time at {:.3f} of its speed", draw.warp);
  if (!draw.augmented) title += "; left as it is, by augmentation.share";

  std::string text =
      fmt::format("{} bars made of {} ({})", format_count(made.size()), format_count(range.size()), title);
  if (!request.picture.empty()) {
    write_file(request.picture, augmentation_svg(bars.slice(range.begin, range.end), made,
                                                 "Augmented by " + title, request.picture_bars));
    text += "\npicture: " + request.picture.string();
  }
  if (!request.out.empty()) {
    if (!market::looks_synthetic(made)) made.symbol = "SYNTH" + made.symbol;
    market::write_bars(request.out, made, {.with_symbol = true});
    text += "\nbars: " + request.out.string();
  }
  return text;
}

}  // namespace stevie::app
