#include "core/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "core/config_subject.h"
#include "core/error.h"
#include "core/file.h"
#include "core/nearest_name.h"
#include "core/text.h"

namespace stevie {
namespace {

using Fault = std::pair<std::string, std::string>;  // place, message

std::string to_toml(bool value) {
  return value ? "true" : "false";
}
std::string to_toml(const std::string& value) {
  return json_text(value);
}
template <class Number>
std::string to_toml(const Number& value) {
  std::string text = fmt::format("{}", value);
  if constexpr (std::is_floating_point_v<Number>) {
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
  }
  return text;
}
template <class Item>
std::string to_toml(const std::vector<Item>& items) {
  std::string text;
  for (const Item& item : items) text += (text.empty() ? "" : ", ") + to_toml(item);
  return "[" + text + "]";
}

/// The value as a TOML table {x = value}; empty where the text is not TOML.
toml::table parse_value(const std::string& text) {
  try {
    toml::table table = toml::parse("x = " + text);
    if (table.size() == 1 && table.contains("x")) return table;
  } catch (const toml::parse_error&) {
  }
  return {};
}

std::string allowed(const ConfigNotes& notes, std::string_view kind) {
  std::string text(kind);
  const bool low = std::isfinite(notes.minimum);
  const bool high = std::isfinite(notes.maximum);
  if (low)
    text += fmt::format(" {} {}",
                        notes.above_minimum ? "above"
                        : high              ? "from"
                                            : "of at least",
                        notes.minimum);
  if (high)
    text += fmt::format(" {} {}", low ? (notes.above_minimum ? "and at most" : "to") : "of at most",
                        notes.maximum);
  if (!notes.unit.empty()) text += " (" + notes.unit + ")";
  return text;
}

template <class Number>
bool read_number(const toml::node& node, const ConfigNotes& notes, Number& result) {
  double number = 0;
  if (const auto integer = node.value_exact<std::int64_t>()) {
    number = static_cast<double>(*integer);
    if constexpr (std::is_integral_v<Number>) {
      if (!std::in_range<Number>(*integer)) return false;
      result = static_cast<Number>(*integer);
    }
  } else if (const auto real = node.value_exact<double>()) {
    number = *real;
    if constexpr (std::is_integral_v<Number>) {
      constexpr double largest_exact = 9007199254740992.0;  // 2^53
      if (!(std::abs(number) <= largest_exact) || number != std::floor(number)) return false;
      const auto whole = static_cast<std::int64_t>(number);
      if (!std::in_range<Number>(whole)) return false;
      result = static_cast<Number>(whole);
    }
  } else {
    return false;
  }
  if (!std::isfinite(number) || number < notes.minimum || number > notes.maximum) return false;
  if (notes.above_minimum && number == notes.minimum) return false;
  if constexpr (std::is_floating_point_v<Number>) {
    result = static_cast<Number>(number);
    if (!std::isfinite(result)) return false;
  }
  return true;
}

bool read_item(const toml::node& node, const ConfigNotes&, std::string& result) {
  const auto text = node.value_exact<std::string>();
  if (text) result = *text;
  return text.has_value();
}
template <class Number>
bool read_item(const toml::node& node, const ConfigNotes& notes, Number& result) {
  return read_number(node, notes, result);
}

std::string wrong(const std::string& expected, const ConfigValue& value) {
  return fmt::format("must be {}, not {}", expected, value.text);
}

template <class Number>
auto number_assigner(Number& target, const ConfigNotes& notes) {
  return [&target, notes](const ConfigValue& value) -> std::string {
    const toml::table table = parse_value(value.text);
    Number number{};
    if (table.empty() || !read_number(*table.get("x"), notes, number)) {
      return wrong(allowed(notes, std::is_integral_v<Number> ? "a whole number" : "a number"), value);
    }
    target = number;
    return {};
  };
}

template <class Item>
auto list_assigner(std::vector<Item>& target, const ConfigNotes& notes) {
  return [&target, notes](const ConfigValue& value) -> std::string {
    toml::table table = parse_value(value.text);
    if (!value.is_toml && (table.empty() || !table.get("x")->is_array())) {
      table = parse_value("[" + value.text + "]");
    }
    if (!value.is_toml && table.empty() && std::is_same_v<Item, std::string>) {
      toml::array words;
      std::string rest = value.text;
      for (std::size_t comma; (comma = rest.find(',')) != std::string::npos; rest.erase(0, comma + 1)) {
        words.push_back(rest.substr(0, comma));
      }
      words.push_back(rest);
      table.insert("x", std::move(words));
    }
    const toml::array* array = table.empty() ? nullptr : table.get("x")->as_array();
    std::vector<Item> items;
    bool good = array != nullptr;
    for (std::size_t i = 0; good && i < array->size(); ++i) {
      Item item{};
      good = read_item(*array->get(i), notes, item);
      items.push_back(std::move(item));
    }
    if (!good) {
      const char* each = std::is_same_v<Item, std::string> ? "a text"
                         : std::is_integral_v<Item>        ? "a whole number"
                                                           : "a number";
      return wrong("a list, each " + allowed(notes, each), value);
    }
    target = std::move(items);
    return {};
  };
}

template <class T, class Assign>
ConfigField make_field(std::string key, const char* type, T& value, ConfigNotes notes, Assign assign) {
  ConfigField field;
  field.key = std::move(key);
  field.type = type;
  field.notes = notes;
  field.show = [&value] { return to_toml(value); };
  field.assign = std::move(assign);
  return field;
}

ConfigNotes not_negative(ConfigNotes notes) {
  notes.minimum = std::max(notes.minimum, 0.0);
  return notes;
}

std::string unknown_key(const ConfigBinder& binder, const std::string& key, const ConfigSubject& subject) {
  std::vector<std::string_view> known;
  for (const ConfigField& field : binder.fields()) {
    if (field.key.starts_with(key + ".")) {
      return fmt::format("{} is a section and has no value of its own: set its fields, such as {}", key,
                         field.key);
    }
    known.push_back(field.key);
  }
  const std::string_view nearest = nearest_name(key, known);
  return fmt::format("there is no {} {}; {}", subject.field, key,
                     nearest.empty() ? subject.listing : fmt::format("did you mean {}?", nearest));
}

/// What is loaded, and what is wrong with it so far.
struct Loading {
  ConfigBinder& binder;
  const ConfigSubject& subject;
  std::vector<Fault> faults;
};

void assign(Loading& loading, const std::string& key, const ConfigValue& value, const std::string& source) {
  ConfigBinder& binder = loading.binder;
  std::vector<Fault>& faults = loading.faults;
  const auto field = std::find_if(binder.fields().begin(), binder.fields().end(),
                                  [&](const auto& f) { return f.key == key; });
  if (field == binder.fields().end()) {
    faults.emplace_back(source, unknown_key(binder, key, loading.subject));
    return;
  }
  const std::string fault = field->assign(value);
  if (fault.empty()) {
    field->source = source;
  } else {
    faults.emplace_back(source, key + " " + fault);
  }
}

void assign_table(Loading& loading, const toml::table& table, const std::string& prefix,
                  const std::string& file) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    if (const toml::table* section = node.as_table()) {
      assign_table(loading, *section, key + ".", file);
      continue;
    }
    // A string is printed as messages quote it; toml++ would choose the quotes by its own rules.
    std::ostringstream text;
    if (const auto string = node.value_exact<std::string>()) {
      text << json_text(*string);
    } else {
      node.visit([&](const auto& item) { text << item; });
    }
    assign(loading, key, {text.str(), true}, fmt::format("{}:{}", file, node.source().begin.line));
  }
}

void assign_file(Loading& loading, const std::filesystem::path& path) {
  toml::table table;
  try {
    table = toml::parse(read_file(path));
  } catch (const Error& error) {
    loading.faults.emplace_back(error.place(), error.message());
  } catch (const toml::parse_error& error) {
    loading.faults.emplace_back(fmt::format("{}:{}", path.string(), error.source().begin.line),
                                fmt::format("this is not TOML: {}", error.description()));
  }
  assign_table(loading, table, "", path.string());
}

[[noreturn]] void report(const std::vector<Fault>& faults, const ConfigSubject& subject) {
  if (faults.size() == 1) throw Error("config.faults", faults[0].second, faults[0].first);
  std::string message = fmt::format("{} has {} faults:", subject.name, faults.size());
  for (const auto& [place, text] : faults) message += "\n  " + place + ": " + text;
  throw Error("config.faults", message);
}

}  // namespace

void ConfigBinder::add(ConfigField field) {
  field.default_text = field.show();
  fields_.push_back(std::move(field));
}

void ConfigBinder::field(std::string key, bool& value, const ConfigNotes& notes) {
  add(make_field(std::move(key), "boolean", value, notes, [&value](const ConfigValue& given) -> std::string {
    if (given.text != "true" && given.text != "false") return wrong("true or false", given);
    value = given.text == "true";
    return {};
  }));
}
void ConfigBinder::field(std::string key, int& value, const ConfigNotes& notes) {
  add(make_field(std::move(key), "integer", value, notes, number_assigner(value, notes)));
}
void ConfigBinder::field(std::string key, std::int64_t& value, const ConfigNotes& notes) {
  add(make_field(std::move(key), "integer", value, notes, number_assigner(value, notes)));
}
void ConfigBinder::field(std::string key, std::uint64_t& value, const ConfigNotes& given) {
  const ConfigNotes notes = not_negative(given);
  add(make_field(std::move(key), "integer", value, notes, number_assigner(value, notes)));
}
void ConfigBinder::field(std::string key, double& value, const ConfigNotes& notes) {
  add(make_field(std::move(key), "number", value, notes, number_assigner(value, notes)));
}
void ConfigBinder::field(std::string key, float& value, const ConfigNotes& notes) {
  add(make_field(std::move(key), "number", value, notes, number_assigner(value, notes)));
}
void ConfigBinder::field(std::string key, std::vector<double>& value, const ConfigNotes& notes) {
  add(make_field(std::move(key), "numbers", value, notes, list_assigner(value, notes)));
}
void ConfigBinder::field(std::string key, std::vector<int>& value, const ConfigNotes& notes) {
  add(make_field(std::move(key), "integers", value, notes, list_assigner(value, notes)));
}
void ConfigBinder::field(std::string key, std::vector<std::size_t>& value, const ConfigNotes& given) {
  const ConfigNotes notes = not_negative(given);
  add(make_field(std::move(key), "integers", value, notes, list_assigner(value, notes)));
}
void ConfigBinder::field(std::string key, std::vector<std::string>& value, const ConfigNotes& notes) {
  add(make_field(std::move(key), "strings", value, notes, list_assigner(value, notes)));
}

void ConfigBinder::field(std::string key, std::string& value, const ConfigNotes& notes) {
  add(make_field(std::move(key), "string", value, notes, [&value](const ConfigValue& given) -> std::string {
    const toml::table table = parse_value(given.text);
    const auto text = table.empty() ? std::nullopt : table.get("x")->value_exact<std::string>();
    if (!text && given.is_toml) return wrong("a text in quotes", given);
    value = text.value_or(given.text);
    return {};
  }));
}

void ConfigBinder::field(std::string key, std::optional<double>& value, const ConfigNotes& notes) {
  ConfigField field;
  field.key = std::move(key);
  field.type = "number";
  field.optional = true;
  field.notes = notes;
  field.show = [&value] { return value ? to_toml(*value) : json_text("none"); };
  field.assign = [&value, notes](const ConfigValue& given) -> std::string {
    if (given.text == "none" || given.text == "\"none\"") {
      value.reset();
      return {};
    }
    double number = 0;
    const std::string fault = number_assigner(number, notes)(given);
    if (!fault.empty()) return wrong(allowed(notes, "a number") + " or \"none\"", given);
    value = number;
    return {};
  };
  add(std::move(field));
}

void ConfigBinder::add_choice(std::string key, std::vector<std::string> words,
                              std::function<std::size_t()> get, std::function<void(std::size_t)> set,
                              const ConfigNotes& notes) {
  ConfigField field;
  field.key = std::move(key);
  field.type = "choice";
  field.choices = words;
  field.notes = notes;
  field.show = [words, get] { return json_text(words.at(get())); };
  field.assign = [words, set](const ConfigValue& given) -> std::string {
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (given.text == json_text(words[i]) || (!given.is_toml && given.text == words[i])) {
        set(i);
        return {};
      }
    }
    std::string expected;
    for (const std::string& word : words) expected += (expected.empty() ? "" : ", ") + json_text(word);
    return wrong("one of " + expected, given);
  };
  add(std::move(field));
}

std::vector<ConfigSetting> environment_settings(std::span<const char* const> variables) {
  constexpr std::string_view prefix = "STEVIE__";
  std::vector<ConfigSetting> settings;
  for (const std::string_view variable : variables) {
    const std::size_t equals = variable.find('=');
    if (!variable.starts_with(prefix) || equals == std::string_view::npos) continue;
    std::string key(variable.substr(prefix.size(), equals - prefix.size()));
    for (std::size_t at; (at = key.find("__")) != std::string::npos;) key.replace(at, 2, ".");
    std::transform(key.begin(), key.end(), key.begin(), [](unsigned char c) { return std::tolower(c); });
    settings.push_back({key, std::string(variable.substr(equals + 1)),
                        "environment " + std::string(variable.substr(0, equals))});
  }
  std::sort(settings.begin(), settings.end(),
            [](const auto& a, const auto& b) { return a.source < b.source; });
  return settings;
}

ConfigSetting parse_setting(std::string_view text, std::string source) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos) {
    throw Error("config.bad_setting",
                fmt::format("\"{}\" is not a setting: write section.key=value, as in ppo.gamma=0.98", text),
                source);
  }
  return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)), std::move(source)};
}

void load_config(ConfigBinder& binder, const ConfigLayers& layers) {
  load_config(binder, layers, {});
}

void load_config(ConfigBinder& binder, const ConfigLayers& layers, const ConfigSubject& subject) {
  Loading loading{binder, subject, {}};
  if (!layers.file.empty()) assign_file(loading, layers.file);
  for (const auto* settings : {&layers.environment, &layers.flags}) {
    for (const ConfigSetting& setting : *settings) {
      assign(loading, setting.key, {setting.text, false}, setting.source);
    }
  }
  for (const auto& [key, check] : binder.rules()) {
    const std::string fault = check();
    if (!fault.empty()) loading.faults.emplace_back(key, fault);
  }
  if (!loading.faults.empty()) report(loading.faults, subject);
}

}  // namespace stevie
