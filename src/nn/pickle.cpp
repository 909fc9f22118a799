#include "nn/pickle.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <map>
#include <utility>

#include "core/error.h"

namespace stevie::nn {
namespace {

using Kind = PickleNode::Kind;

/// The operations of pickle protocol 2 that this program reads or writes, as Python's pickletools names them.
enum Opcode : unsigned char {
  op_mark = '(',
  op_stop = '.',
  op_append = 'a',
  op_appends = 'e',
  op_binfloat = 'G',
  op_binget = 'h',
  op_binint = 'J',
  op_binint1 = 'K',
  op_binint2 = 'M',
  op_binpersid = 'Q',
  op_binput = 'q',
  op_binunicode = 'X',
  op_build = 'b',
  op_empty_dict = '}',
  op_empty_list = ']',
  op_empty_tuple = ')',
  op_global = 'c',
  op_long1 = 0x8a,
  op_long_binget = 'j',
  op_long_binput = 'r',
  op_newfalse = 0x89,
  op_newtrue = 0x88,
  op_none = 'N',
  op_proto = 0x80,
  op_reduce = 'R',
  op_setitem = 's',
  op_setitems = 'u',
  op_tuple = 't',
  op_tuple1 = 0x85,
  op_tuple2 = 0x86,
  op_tuple3 = 0x87,
};

constexpr unsigned char newest_protocol = 2;

/// The stack machine of pickle. Values are nodes of the document; the stack and the memo hold their numbers,
/// so a value that refers to itself, or one nested a million deep, needs no recursion anywhere.
class PickleParser {
 public:
  PickleParser(std::string_view bytes, const std::string& place) : bytes_(bytes), place_(place) {}

  PickleDocument parse() {
    while (true) {
      const unsigned char opcode = byte();
      if (opcode == op_stop) break;
      if (!leaf(opcode) && !container(opcode) && !machine(opcode)) {
        unsupported(fmt::format("operation 0x{:02x}", opcode));
      }
    }
    document_.root = pop();
    return std::move(document_);
  }

 private:
  [[noreturn]] void damaged() const {
    throw Error("model.unreadable", "the pickle in the file is damaged: write or fetch the file again",
                place_);
  }
  [[noreturn]] void unsupported(const std::string& what) const {
    throw Error("model.unsupported",
                "the pickle in the file holds more than tensors and numbers (" + what +
                    "), which is never executed here: save the model with Stable-Baselines3's PPO.save",
                place_);
  }

  std::string_view take(std::size_t count) {
    if (count > bytes_.size()) damaged();
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  template <class T>
  T little_endian() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  unsigned char byte() { return little_endian<unsigned char>(); }
  std::string_view line() {
    const std::size_t end = bytes_.find('\n');
    if (end == std::string_view::npos) damaged();
    const std::string_view text = take(end);
    take(1);
    return text;
  }

  std::size_t push(PickleNode node) {
    document_.nodes.push_back(std::move(node));
    stack_.push_back(document_.nodes.size() - 1);
    return stack_.back();
  }
  void push_integer(std::int64_t value) { push({.kind = Kind::integer, .integer = value}); }
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  std::size_t pop() {
    if (stack_.size() <= floor()) damaged();
    const std::size_t node = stack_.back();
    stack_.pop_back();
    return node;
  }
  std::size_t top() const {
    if (stack_.size() <= floor()) damaged();
    return stack_.back();
  }
  std::vector<std::size_t> pop_to_mark() {
    if (marks_.empty()) damaged();
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<std::size_t> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }
  std::vector<std::size_t> pop_last(std::size_t count) {
    std::vector<std::size_t> items(count);
    for (std::size_t i = count; i > 0; --i) items[i - 1] = pop();
    return items;
  }
  void add_children(bool to_list, const std::vector<std::size_t>& items) {
    PickleNode& target = document_.nodes[top()];
    const bool is_dict = target.kind == Kind::dict || target.kind == Kind::ordered_dict;
    if (to_list ? target.kind != Kind::list : !is_dict || items.size() % 2 != 0) damaged();
    target.children.insert(target.children.end(), items.begin(), items.end());
  }

  bool leaf(unsigned char opcode) {
    switch (opcode) {
      case op_none:
        push({.kind = Kind::none});
        return true;
      case op_newtrue:
        push({.kind = Kind::boolean, .integer = 1});
        return true;
      case op_newfalse:
        push({.kind = Kind::boolean, .integer = 0});
        return true;
      case op_binint:
        push_integer(little_endian<std::int32_t>());
        return true;
      case op_binint1:
        push_integer(byte());
        return true;
      case op_binint2:
        push_integer(little_endian<std::uint16_t>());
        return true;
      case op_long1:
        long1();
        return true;
      case op_binfloat:
        binfloat();
        return true;
      case op_binunicode:
        push({.kind = Kind::text, .text = take(little_endian<std::uint32_t>())});
        return true;
      case op_global:
        global();
        return true;
      default:
        return false;
    }
  }

  bool container(unsigned char opcode) {
    switch (opcode) {
      case op_empty_tuple:
        push({.kind = Kind::tuple});
        return true;
      case op_empty_list:
        push({.kind = Kind::list});
        return true;
      case op_empty_dict:
        push({.kind = Kind::dict});
        return true;
      case op_tuple:
        push({.kind = Kind::tuple, .children = pop_to_mark()});
        return true;
      case op_tuple1:
        push({.kind = Kind::tuple, .children = pop_last(1)});
        return true;
      case op_tuple2:
        push({.kind = Kind::tuple, .children = pop_last(2)});
        return true;
      case op_tuple3:
        push({.kind = Kind::tuple, .children = pop_last(3)});
        return true;
      case op_append:
        add_children(true, pop_last(1));
        return true;
      case op_appends:
        add_children(true, pop_to_mark());
        return true;
      case op_setitem:
        add_children(false, pop_last(2));
        return true;
      case op_setitems:
        add_children(false, pop_to_mark());
        return true;
      default:
        return false;
    }
  }

  bool machine(unsigned char opcode) {
    switch (opcode) {
      case op_proto:
        protocol();
        return true;
      case op_mark:
        marks_.push_back(stack_.size());
        return true;
      case op_binput:
        memo_[byte()] = top();
        return true;
      case op_long_binput:
        memo_[little_endian<std::uint32_t>()] = top();
        return true;
      case op_binget:
        recall(byte());
        return true;
      case op_long_binget:
        recall(little_endian<std::uint32_t>());
        return true;
      case op_reduce:
        reduce();
        return true;
      case op_build:
        build();
        return true;
      case op_binpersid:
        push({.kind = Kind::persistent, .children = pop_last(1)});
        return true;
      default:
        return false;
    }
  }

  void protocol() {
    const unsigned char version = byte();
    if (version > newest_protocol) unsupported(fmt::format("pickle protocol {}", version));
  }
  void recall(std::uint32_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) damaged();
    stack_.push_back(found->second);
  }
  void long1() {
    const std::string_view digits = take(byte());
    if (digits.size() > sizeof(std::int64_t)) unsupported("a whole number of more than 64 bits");
    const bool negative = !digits.empty() && (static_cast<unsigned char>(digits.back()) & 0x80) != 0;
    std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = digits.size(); i > 0; --i)
      value = value << 8 | static_cast<unsigned char>(digits[i - 1]);
    push_integer(static_cast<std::int64_t>(value));
  }
  void binfloat() {
    std::uint64_t bits = 0;  // the one value that pickle stores big-endian
    for (const char digit : take(sizeof(bits))) bits = bits << 8 | static_cast<unsigned char>(digit);
    push({.kind = Kind::real, .real = std::bit_cast<double>(bits)});
  }
  void global() {
    const std::string_view module = line();
    const std::string_view name = line();
    // The module's line, the line break and the name lie side by side in the bytes.
    push({.kind = Kind::global, .text = {module.data(), module.size() + 1 + name.size()}});
  }
  void reduce() {
    const std::size_t arguments = pop();
    const std::size_t function = pop();
    if (document_.nodes[arguments].kind != Kind::tuple || document_.nodes[function].kind != Kind::global)
      damaged();
    const std::string_view name = document_.nodes[function].text;
    if (name == "collections\nOrderedDict" && document_.nodes[arguments].children.empty()) {
      push({.kind = Kind::ordered_dict});
    } else if (name == "torch._utils\n_rebuild_tensor_v2") {
      push({.kind = Kind::tensor, .children = {arguments}});
    } else {
      unsupported("a call of " + printable(name));
    }
  }
  /// state_dict() hangs version numbers on its OrderedDict this way; nothing here needs them.
  void build() {
    pop();
    if (document_.nodes[top()].kind != Kind::ordered_dict) unsupported("an object with a state");
  }
  static std::string printable(std::string_view name) {
    constexpr std::size_t longest = 100;
    std::string text(name.substr(0, longest));
    for (char& letter : text) {
      if (letter == '\n') letter = '.';
      if (letter < ' ' || letter > '~') letter = '?';
    }
    return text;
  }

  std::string_view bytes_;
  std::string place_;
  PickleDocument document_;
  std::vector<std::size_t> stack_;
  std::vector<std::size_t> marks_;
  std::map<std::uint32_t, std::size_t> memo_;
};

}  // namespace

PickleDocument parse_pickle(std::string_view bytes, const std::string& place) {
  return PickleParser(bytes, place).parse();
}

PickleWriter::PickleWriter() {
  raw(op_proto);
  raw(newest_protocol);
}

template <class T>
void PickleWriter::raw(T value) {
  bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

void PickleWriter::none() {
  raw(op_none);
}
void PickleWriter::boolean(bool value) {
  raw(value ? op_newtrue : op_newfalse);
}
void PickleWriter::empty_tuple() {
  raw(op_empty_tuple);
}
void PickleWriter::empty_list() {
  raw(op_empty_list);
}
void PickleWriter::empty_dict() {
  raw(op_empty_dict);
}
void PickleWriter::mark() {
  raw(op_mark);
}
void PickleWriter::tuple() {
  raw(op_tuple);
}
void PickleWriter::append_all() {
  raw(op_appends);
}
void PickleWriter::set_items() {
  raw(op_setitems);
}
void PickleWriter::call() {
  raw(op_reduce);
}
void PickleWriter::persistent() {
  raw(op_binpersid);
}

void PickleWriter::integer(std::int64_t value) {
  if (std::in_range<std::int32_t>(value)) {
    raw(op_binint);
    raw(static_cast<std::int32_t>(value));
    return;
  }
  raw(op_long1);
  raw(static_cast<unsigned char>(sizeof(value)));
  raw(value);
}

void PickleWriter::real(double value) {
  raw(op_binfloat);
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (int shift = 56; shift >= 0; shift -= 8) raw(static_cast<unsigned char>(bits >> shift));
}

void PickleWriter::text(std::string_view value) {
  raw(op_binunicode);
  raw(static_cast<std::uint32_t>(value.size()));
  bytes_.append(value);
}

void PickleWriter::global(std::string_view module, std::string_view name) {
  raw(op_global);
  bytes_.append(module).append("\n").append(name).append("\n");
}

std::string PickleWriter::finish() {
  raw(op_stop);
  return std::move(bytes_);
}

}  // namespace stevie::nn
