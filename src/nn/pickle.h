#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stevie::nn {

/// A value of a pickle, as data. Children are numbers of nodes in PickleDocument::nodes.
struct PickleNode {
  enum class Kind {
    none,
    boolean,  // integer 0 or 1
    integer,
    real,
    text,
    tuple,
    list,
    dict,  // children: key, value, key, value, ...
    ordered_dict,
    global,      // text: "module<line break>name", a class or function, named but never imported or called
    persistent,  // children: [the id, a tuple]
    tensor,      // children: [the arguments of torch._utils._rebuild_tensor_v2, a tuple]
  };
  Kind kind = Kind::none;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view text;  // points into the pickle's bytes
  std::vector<std::size_t> children;
};

struct PickleDocument {
  std::vector<PickleNode> nodes;
  std::size_t root = 0;
};

/// Reads the pickle of a torch.save file without executing it: the operations of protocol 2 that tensors,
/// numbers, texts and containers need, and two calls, collections.OrderedDict() and
/// torch._utils._rebuild_tensor_v2(...), which become nodes. The bytes must outlive the result. Any other
/// operation, call, or a damaged stream throws Error "model.unsupported" or "model.unreadable" with `place`.
PickleDocument parse_pickle(std::string_view bytes, const std::string& place);

/// Writes a pickle of protocol 2, one operation after the other; what is written must nest properly.
class PickleWriter {
 public:
  PickleWriter();
  void none();
  void boolean(bool value);
  void integer(std::int64_t value);
  void real(double value);
  void text(std::string_view value);
  void global(std::string_view module, std::string_view name);
  void empty_tuple();
  void empty_list();
  void empty_dict();
  void mark();        // starts what tuple(), append_all() or set_items() close
  void tuple();       // everything since mark()
  void append_all();  // everything since mark() to the list before it
  void set_items();   // key, value, ... since mark() to the dict before it
  void call();        // the global before with the tuple on top
  void persistent();  // the id on top
  std::string finish();

 private:
  template <class T>
  void raw(T value);
  std::string bytes_;
};

}  // namespace stevie::nn
