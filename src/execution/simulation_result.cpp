#include "execution/simulation_result.h"

namespace stevie::execution {

std::string_view to_string(ExitReason reason) {
  switch (reason) {
    case ExitReason::exit_signal:
      return "exit_signal";
    case ExitReason::stop_loss:
      return "stop_loss";
    case ExitReason::trailing_stop:
      return "trailing_stop";
    case ExitReason::roi:
      return "roi";
    case ExitReason::take_profit:
      return "take_profit";
    case ExitReason::liquidation:
      return "liquidation";
    case ExitReason::end_of_data:
      return "end_of_data";
  }
  return "exit_signal";
}

std::string_view to_string(Side side) {
  return side == Side::long_side ? "long" : "short";
}

}  // namespace stevie::execution
