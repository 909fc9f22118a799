#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stevie {

/// What a configuration field may hold and what it means to a person.
struct ConfigNotes {
  double minimum =
      -std::numeric_limits<double>::infinity();  // smallest number allowed, also of each list entry
  double maximum =
      std::numeric_limits<double>::infinity();  // largest number allowed, also of each list entry
  bool above_minimum = false;                   // true: the minimum itself is refused
  std::string unit = {};                        // "bars", "seconds"; empty for a plain number
  std::string help = {};                        // one line: meaning and consequence
};

/// A value on its way from a layer into a field: the text as written, and how the layer typed it.
struct ConfigValue {
  std::string text;     // TOML syntax where it came from a file; free text otherwise
  bool is_toml = true;  // false: from the environment or a flag, where a bare word is a string
};

/// One field: its dotted name, what it holds now and where that came from.
struct ConfigField {
  std::string key;   // "ppo.learning_rate"
  std::string type;  // "boolean", "integer", "number", "string", "choice", "numbers", "integers", "strings"
  bool optional = false;             // "none" is allowed and is what an absent value prints as
  std::vector<std::string> choices;  // of type "choice"
  ConfigNotes notes;
  std::string default_text;           // TOML text of the value before any layer
  std::string source = "default";     // "stevie.toml:12", "environment STEVIE__...", "flag --set"
  std::function<std::string()> show;  // TOML text of the current value
  std::function<std::string(const ConfigValue&)> assign;  // sets it; returns what is wrong, or empty
};

/// Collects the fields of configuration structs. Each struct names its fields once, in a function
/// `void describe(ConfigBinder& binder, PpoConfig& config)`; loading, checking, `stevie config show`, the
/// JSON schema and the reference page all come from there. The structs must outlive the binder.
class ConfigBinder {
 public:
  void field(std::string key, bool& value, const ConfigNotes& notes);
  void field(std::string key, int& value, const ConfigNotes& notes);
  void field(std::string key, std::int64_t& value, const ConfigNotes& notes);
  // Also std::size_t; negative is refused.
  void field(std::string key, std::uint64_t& value, const ConfigNotes& notes);
  void field(std::string key, double& value, const ConfigNotes& notes);  // NaN and infinities are refused
  void field(std::string key, float& value, const ConfigNotes& notes);
  void field(std::string key, std::string& value, const ConfigNotes& notes);
  // "none" is the absent value.
  void field(std::string key, std::optional<double>& value, const ConfigNotes& notes);
  void field(std::string key, std::vector<double>& value, const ConfigNotes& notes);
  void field(std::string key, std::vector<int>& value, const ConfigNotes& notes);
  void field(std::string key, std::vector<std::size_t>& value, const ConfigNotes& notes);
  void field(std::string key, std::vector<std::string>& value, const ConfigNotes& notes);

  /// A value out of a few named ones: binder.choice("network.activation", config.activation,
  /// {{"tanh", Activation::tanh}, {"relu", Activation::relu}}, {.help = "..."}).
  template <class Enum>
  void choice(std::string key, Enum& value, std::vector<std::pair<std::string, Enum>> names,
              const ConfigNotes& notes) {
    std::vector<std::string> words;
    for (const auto& [word, item] : names) words.push_back(word);
    auto get = [&value, names] {
      std::size_t i = 0;
      while (i + 1 < names.size() && names[i].second != value) ++i;
      return i;
    };
    auto set = [&value, names](std::size_t i) { value = names[i].second; };
    add_choice(std::move(key), std::move(words), get, set, notes);
  }

  /// A rule between fields, checked after loading: returns one sentence that says what is wrong, or empty.
  void rule(std::string key, std::function<std::string()> check) {
    rules_.emplace_back(std::move(key), std::move(check));
  }

  const std::vector<ConfigField>& fields() const { return fields_; }
  std::vector<ConfigField>& fields() { return fields_; }
  const std::vector<std::pair<std::string, std::function<std::string()>>>& rules() const { return rules_; }

 private:
  void add(ConfigField field);
  void add_choice(std::string key, std::vector<std::string> words, std::function<std::size_t()> get,
                  std::function<void(std::size_t)> set, const ConfigNotes& notes);

  std::vector<ConfigField> fields_;
  std::vector<std::pair<std::string, std::function<std::string()>>> rules_;
};

/// One value given outside a file.
struct ConfigSetting {
  std::string key;     // "ppo.learning_rate"
  std::string text;    // "3e-4", "[64, 64]" or "64,64", "tanh"
  std::string source;  // for messages and `config show`: "flag --learning-rate"
};

/// Everything that may change the defaults; later ones win: file, environment, flags.
struct ConfigLayers {
  std::filesystem::path file;              // a TOML file; empty: none
  std::vector<ConfigSetting> environment;  // from environment_settings()
  std::vector<ConfigSetting> flags;        // in the order they were given
};

/// Picks STEVIE__SECTION__KEY=text out of "NAME=text" strings (as in `environ`): the name after "STEVIE__",
/// lower case, with "__" for the dot.
std::vector<ConfigSetting> environment_settings(std::span<const char* const> variables);

/// Splits "ppo.learning_rate=3e-4". Throws Error "config.bad_setting".
ConfigSetting parse_setting(std::string_view text, std::string source);

/// Sets the binder's fields from the layers. Every fault is looked for - unknown key (with the nearest known
/// name), wrong type, out of range, broken rule, bad TOML - and all are reported in one Error
/// "config.faults", each with its place. Fields keep an unspecified value after a throw.
void load_config(ConfigBinder& binder, const ConfigLayers& layers);

/// All fields as TOML that could be read back, each with a comment that says where its value came from.
std::string show_config(const ConfigBinder& binder);

/// JSON Schema (draft 2020-12) of the configuration file.
std::string config_schema(const ConfigBinder& binder);

/// The reference page: one Markdown table a section.
std::string config_markdown(const ConfigBinder& binder);

}  // namespace stevie
