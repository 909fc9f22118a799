#include "features/families.h"
#include "features/kernels.h"

namespace stevie::features {
namespace {

/// Plain moving averages of the close, in quote currency.
class MovingAverages final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    for (std::size_t i = 0; i < block.size; ++i) {
      const double close = block.close[i];
      outputs[0][i] = sma_10_.push(close);
      outputs[1][i] = sma_30_.push(close);
      outputs[2][i] = sma_50_.push(close);
      outputs[3][i] = sma_200_.push(close);
      outputs[4][i] = ema_12_.push(close);
      outputs[5][i] = ema_26_.push(close);
      outputs[6][i] = ema_50_.push(close);
      outputs[7][i] = ema_200_.push(close);
    }
  }

 private:
  RollingMean sma_10_{10}, sma_30_{30}, sma_50_{50}, sma_200_{200};
  Ema ema_12_{12}, ema_26_{26}, ema_50_{50}, ema_200_{200};
};

}  // namespace

std::vector<IndicatorGroup> classic_indicators() {
  return {{{{"sma_10", "mean_10(C)", 10, "TA-Lib SMA", false},
            {"sma_30", "mean_30(C)", 30, "TA-Lib SMA", false},
            {"sma_50", "mean_50(C)", 50, "TA-Lib SMA", false},
            {"sma_200", "mean_200(C)", 200, "TA-Lib SMA", false},
            {"ema_12", "EMA_12(C), alpha = 2 / 13, seeded with mean_12", 48, "TA-Lib EMA", false},
            {"ema_26", "EMA_26(C), alpha = 2 / 27, seeded with mean_26", 104, "TA-Lib EMA", false},
            {"ema_50", "EMA_50(C), alpha = 2 / 51, seeded with mean_50", 200, "TA-Lib EMA", false},
            {"ema_200", "EMA_200(C), alpha = 2 / 201, seeded with mean_200", 800, "TA-Lib EMA", false}},
           make_indicator<MovingAverages>}};
}

}  // namespace stevie::features
