#include <cstddef>
#include <cstdint>
#include <string>

#include "core/error.h"
#include "ledger/event.h"
#include "ledger/signed_head.h"
#include "ledger/url.h"

/// Whatever the bytes: a head file, a URL or an event is read whole or refused with stevie::Error. The first
/// byte says which of them the rest is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stevie;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    switch (data[0] % 3) {
      case 0: {
        const ledger::SignedHead head = ledger::parse_head(text, "fuzz");
        const ledger::SignedHead again = ledger::parse_head(ledger::format_head(head), "fuzz");
        if (ledger::head_bytes(again) != ledger::head_bytes(head)) __builtin_trap();
        ledger::is_signed_by(head, head.public_key);
        break;
      }
      case 1: {
        const ledger::Location location = ledger::parse_url(text);
        if (location.name.empty() || location.name.find('/') != std::string::npos) __builtin_trap();
        break;
      }
      default:
        ledger::check_event({"note", text, "fuzz", 0});
        ledger::check_event({text, "{}", text, 0});
    }
  } catch (const Error&) {
  }
  return 0;
}
