#include "live/feed.h"

namespace stevie::live {

std::string_view to_string(FeedHealth health) {
  switch (health) {
    case FeedHealth::connecting:
      return "connecting";
    case FeedHealth::live:
      return "live";
    case FeedHealth::stale:
      return "stale";
    case FeedHealth::reconnecting:
      return "reconnecting";
    case FeedHealth::ended:
      return "ended";
  }
  return "";
}

}  // namespace stevie::live
