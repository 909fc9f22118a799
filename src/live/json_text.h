#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace stevie::live {

/// Reads text that may come from anywhere as one JSON object of at most `most_bytes` that is nested at most
/// 64 deep, so that walking over it needs little stack. Throws Error `code` at `place`.
nlohmann::json parse_object(std::string_view text, std::size_t most_bytes, const std::string& code,
                            const std::string& place);

/// Takes fields out of an object and collects what is wrong with them, so that all faults are told together.
class FieldReader {
 public:
  explicit FieldReader(const nlohmann::json& object) : object_(object) {}

  std::string string(const char* name);
  std::uint64_t count(const char* name);
  /// nullptr where there is none.
  const nlohmann::json* object(const char* name);
  void fault(std::string sentence) { faults_.push_back(std::move(sentence)); }

  const std::vector<std::string>& faults() const { return faults_; }
  /// Throws Error `code` with all faults in one message; does nothing where there are none.
  void require_sound(const std::string& code, const std::string& intro, const std::string& place) const;

 private:
  const nlohmann::json& object_;
  std::vector<std::string> faults_;
};

}  // namespace stevie::live
