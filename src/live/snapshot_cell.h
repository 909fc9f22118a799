#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace stevie::live {

/// One value that writers replace as a whole and readers see as a whole, without waiting for anybody.
///
/// Each reading thread makes one Reader of its own. Its at_bar() is wait-free: a fixed number of steps,
/// whatever writers and other readers do; where nothing new was published it is one atomic load. The value it
/// returns never changes and stays until that Reader's next at_bar() or its end. publish() may be called from
/// any thread; writers wait for one another, never for a reader. An old value is destroyed, by a later
/// publish(), collect() or the end of the cell, once no Reader holds it: a Reader that sleeps keeps one value
/// and no more.
///
/// How: a Reader names the value it holds in a slot of its own (a hazard pointer: Michael 2004). Between
/// loading the pointer and naming it there is a moment in which the value could be destroyed; a plain hazard
/// pointer loads again and starts over where it changed. Here the Reader first marks its slot with the epoch
/// (Fraser 2004) in which it began, and nothing that was replaced in that epoch or later is destroyed while
/// the mark stands. So it need not start over, and the mark is gone after a few instructions.
template <class Value>
class SnapshotCell {
  struct Slot;

 public:
  /// initial: not null. The cell must outlive its readers.
  explicit SnapshotCell(std::unique_ptr<const Value> initial) : current_(initial.release()) {}
  ~SnapshotCell() {
    delete current_.load();
    for (const Retired& old : retired_) delete old.value;
  }
  SnapshotCell(const SnapshotCell&) = delete;
  SnapshotCell& operator=(const SnapshotCell&) = delete;

  /// For one thread at a time. Making and ending a Reader waits for a writer that is at work: do it outside
  /// the loop over bars.
  class Reader {
   public:
    explicit Reader(SnapshotCell& cell) : cell_(&cell), slot_(cell.take_slot()) { acquire(); }
    ~Reader() {
      if (cell_ != nullptr) cell_->free_slot(*slot_);
    }
    Reader(Reader&& other) noexcept
        : cell_(std::exchange(other.cell_, nullptr)), slot_(other.slot_), held_(other.held_) {}
    Reader& operator=(Reader&&) = delete;

    /// The newest value. What an earlier call returned may be gone from here on.
    const Value& at_bar() {
      if (cell_->current_.load(std::memory_order_acquire) != held_) acquire();
      return *held_;
    }
    /// What the last at_bar() returned, or the value at the start.
    const Value& held() const { return *held_; }

   private:
    void acquire() {
      // The mark must be seen by every writer that replaces what is loaded behind it: both are sequentially
      // consistent, as are the writer's exchange and its look at the mark.
      slot_->epoch.store(cell_->epoch_.load(std::memory_order_acquire), std::memory_order_seq_cst);
      held_ = cell_->current_.load(std::memory_order_seq_cst);
      slot_->held.store(held_, std::memory_order_release);      // after the last look at the value before
      slot_->epoch.store(no_epoch, std::memory_order_release);  // whoever sees this sees `held` too
    }

    SnapshotCell* cell_;
    Slot* slot_;
    const Value* held_ = nullptr;
  };

  /// Makes `value`, not null, the one that readers find from here on.
  void publish(std::unique_ptr<const Value> value) {
    const std::lock_guard lock(writers_);
    const Value* old = current_.exchange(value.release(), std::memory_order_seq_cst);
    // A reader that marks itself with the epoch after this one loads a pointer that is newer than `old`.
    const std::uint64_t epoch = epoch_.fetch_add(1, std::memory_order_seq_cst);
    retired_.push_back({old, epoch});
    destroy_unheld();
  }

  /// Destroys the old values that no reader holds any more. publish() does it too.
  void collect() {
    const std::lock_guard lock(writers_);
    destroy_unheld();
  }

  /// Old values that a reader still holds, as of the last publish() or collect().
  std::size_t waiting() const {
    const std::lock_guard lock(writers_);
    return retired_.size();
  }

 private:
  static constexpr std::uint64_t no_epoch = ~std::uint64_t{0};
  static constexpr std::size_t cache_line = 64;

  struct alignas(cache_line) Slot {
    std::atomic<std::uint64_t> epoch{no_epoch};  // in which the reader began to take a value
    std::atomic<const Value*> held{nullptr};
    bool taken = false;  // by a Reader; under writers_
  };
  struct Retired {
    const Value* value;
    std::uint64_t epoch;  // a reader that began after it cannot take the value
  };

  Slot* take_slot() {
    const std::lock_guard lock(writers_);
    for (const std::unique_ptr<Slot>& slot : slots_) {
      if (!slot->taken) {
        slot->taken = true;
        return slot.get();
      }
    }
    slots_.push_back(std::make_unique<Slot>());
    slots_.back()->taken = true;
    return slots_.back().get();
  }
  void free_slot(Slot& slot) {
    const std::lock_guard lock(writers_);
    slot.held.store(nullptr, std::memory_order_release);
    slot.taken = false;
  }

  bool held(const Retired& old) const {
    return std::ranges::any_of(slots_, [&old](const std::unique_ptr<Slot>& slot) {
      // The mark first: a reader that has taken its mark away has named its value before.
      const std::uint64_t mark = slot->epoch.load(std::memory_order_seq_cst);
      if (mark != no_epoch && mark <= old.epoch) return true;
      return slot->held.load(std::memory_order_acquire) == old.value;
    });
  }
  void destroy_unheld() {
    std::erase_if(retired_, [this](const Retired& old) {
      if (held(old)) return false;
      delete old.value;
      return true;
    });
  }

  alignas(cache_line) std::atomic<const Value*> current_;
  alignas(cache_line) std::atomic<std::uint64_t> epoch_{0};
  mutable std::mutex writers_;                // slots_ and retired_; never taken by at_bar()
  std::vector<std::unique_ptr<Slot>> slots_;  // one for each reader there has been at the same time
  std::vector<Retired> retired_;              // replaced and not yet destroyed
};

}  // namespace stevie::live
