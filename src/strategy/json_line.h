#pragma once
#include <string>
#include <string_view>
#include <utility>

namespace stevie::strategy {

/// JSON on one line, member by member: a record is written for each bar, and a document built of nodes first
/// takes ten times as long.
class JsonLine {
 public:
  JsonLine& open(char bracket) {
    text_ += bracket;
    is_first_ = true;
    return *this;
  }
  JsonLine& close(char bracket) {
    text_ += bracket;
    is_first_ = false;
    return *this;
  }
  JsonLine& next() {
    if (!is_first_) text_ += ',';
    is_first_ = false;
    return *this;
  }
  JsonLine& key(std::string_view name) {  // of ours: nothing to escape
    next();
    text_.append(1, '"').append(name).append("\":");
    return *this;
  }
  /// null where it is not finite.
  void value(double number);
  void value(bool truth) { text_ += truth ? "true" : "false"; }
  void value(std::string_view text);
  void null() { text_ += "null"; }
  template <class Value>
  JsonLine& member(std::string_view name, const Value& of_name) {
    key(name).value(of_name);
    return *this;
  }
  /// null where there is none.
  JsonLine& member_if(bool is_there, std::string_view name, std::string_view text) {
    key(name);
    is_there ? value(text) : null();
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  bool is_first_ = true;
};

}  // namespace stevie::strategy
