#pragma once
#include <string>
#include <utility>

#include "strategy/strategy.h"

namespace stevie::strategy {

/// Wants one exposure for ever: bought once, it then drifts with the price. 0 is cash, 1 is buy and hold.
class ConstantExposure final : public Strategy {
 public:
  ConstantExposure(std::string name, double exposure) : name_(std::move(name)), exposure_(exposure) {}
  std::string name() const override { return name_; }
  Decision decide(const Situation&) override { return Decision::target(exposure_); }

 private:
  std::string name_;
  double exposure_;
};

}  // namespace stevie::strategy
