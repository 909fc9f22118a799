#pragma once
#include <memory>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "execution/engine.h"

namespace stevie::broker {

/// What a paper account trades, and by which rules.
struct PaperConfig {
  std::vector<std::string> symbols;  // at least one, each once
  TimeMs interval = hour_ms;         // of the bars
  bool has_volume = true;            // false: the bars' volume means nothing, and caps by volume are off
  /// Costs and limits of every symbol, and the equity of the whole account. Exits: besides the brackets of
  /// orders, as in a back-test.
  execution::EngineConfig engine;

  /// Throws Error "broker.bad_config" with all faults.
  void validate() const;
};

/// An account that exists only here: one execution::BarEngine a symbol, so that an order fills as it would in
/// a back-test of the same bars.
///
/// The initial equity is shared equally between the symbols. From then on each symbol gains and loses its own
/// part: an order of one symbol is sized by what that symbol has (sizing_equity), and no part helps out
/// another. A back-test of one symbol with the initial equity of its part has the same fills, bit for bit.
///
/// Orders wait here until the next bar of their symbol. One with an id and a time not behind the newest order
/// of its symbol was seen before and does nothing. With a participation cap what a bar cannot fill waits on
/// and stays among AccountView::waiting; cancel() ends that too, but never the rest of a protective exit.
class PaperBroker final : public Broker {
 public:
  explicit PaperBroker(const PaperConfig& config);
  ~PaperBroker() override;

  std::string name() const override { return "paper"; }

  /// Throws Error "broker.bad_order" for an id that is not order_id() of its symbol and time, numbers that no
  /// order has, a decision to hold, a time ahead of the newest bar (it would fill on the bar it was decided
  /// on), and a symbol with most_waiting orders.
  void submit(const Order& order) override;
  std::vector<std::string> cancel(const std::string& symbol = {}) override;
  /// Ids are "BTC/USDT@1609459200000/flatten". Where an order to close waits already it is named instead, so
  /// that repeating this closes once. Waiting entries stay: cancel() first.
  std::vector<std::string> flatten(TimeMs time) override;
  /// Throws also Error "broker.unknown_symbol".
  std::vector<Fill> on_bar(const std::string& symbol, const market::Bar& bar) override;

  AccountView account() const override;
  double sizing_equity(const std::string& symbol) const override;

  /// restore() refuses the account of other symbols or another bar interval; costs and limits are those of
  /// this broker's configuration, equity is the state's.
  std::string save() const override;
  void restore(const std::string& state) override;

  /// What a person should know: orders that rounded to nothing or were cut. The broker forgets them.
  std::vector<execution::Notice> take_notices();

  static constexpr std::size_t most_waiting = 64;

 private:
  struct SymbolBook;
  SymbolBook& book(const std::string& symbol);
  const SymbolBook& book(const std::string& symbol) const;

  PaperConfig config_;
  std::vector<SymbolBook> books_;  // by symbol
};

}  // namespace stevie::broker
