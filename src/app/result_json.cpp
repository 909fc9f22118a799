#include "app/result_json.h"

#include <fstream>
#include <system_error>

namespace stevie::app {

std::string result_file_text(const std::filesystem::path& file) {
  std::error_code fault;
  const std::uintmax_t bytes = std::filesystem::file_size(file, fault);
  if (fault || bytes > largest_result_file) return {};
  std::ifstream in(file, std::ios::binary);
  std::string text(static_cast<std::size_t>(bytes), '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return text;
}

}  // namespace stevie::app
