#include "evaluation/replay.h"

namespace stevie::evaluation {

Replay finish(execution::BarEngine& engine, TimeMs interval) {
  engine.close_at_end_of_data();
  Replay replay{engine.take_result(), engine.notices()};
  replay.result.interval = interval;
  return replay;
}

execution::DetailBars DetailCursor::within(TimeMs begin, TimeMs end) {
  if (tape_ == nullptr) return {};
  while (at_ < tape_->size() && tape_->open_time[at_] < begin) ++at_;
  const std::size_t first = at_;
  while (at_ < tape_->size() && tape_->open_time[at_] < end) ++at_;
  return {{tape_->bars.data() + first, at_ - first}, {tape_->open_time.data() + first, at_ - first}};
}

}  // namespace stevie::evaluation
