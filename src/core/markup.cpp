#include "core/markup.h"

namespace stevie {

std::string markup_escaped(std::string_view text) {
  constexpr unsigned char first_printable = 0x20;
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      case '\t':
      case '\n':
      case '\r':
        safe += c;
        break;
      default:
        safe += static_cast<unsigned char>(c) < first_printable ? ' ' : c;
    }
  }
  return safe;
}

}  // namespace stevie
