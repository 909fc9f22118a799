#include "app/config.h"

namespace stevie::app {

void describe(ConfigBinder& binder, Config& config) {
  (void)binder;
  (void)config;
}

}  // namespace stevie::app
