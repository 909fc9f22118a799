#include <CLI/CLI.hpp>

#include <memory>
#include <ostream>

#include "app/ensemble_config.h"
#include "cli/commands.h"

namespace stevie::cli {

void add_config_command(CLI::App& app, CommandContext& context) {
  CLI::App* family = app.add_subcommand("config", "Show and describe the configuration");
  family->require_subcommand(1);
  family->footer("Example:\n  stevie config show\n\n`stevie config COMMAND --help` tells more.");

  CLI::App* show = family->add_subcommand("show", "Print every field, its value and where that came from");
  show->footer("Example:\n  STEVIE__PPO__GAMMA=0.98 stevie config show --set ppo.learning_rate=1e-4");
  show->callback([&context] {
    app::EnsembleConfiguration config;
    ConfigBinder binder;
    describe(binder, config);
    load_config(binder, context.layers());
    context.out << show_config(binder);
  });

  CLI::App* schema = family->add_subcommand("schema", "Print the JSON schema of stevie.toml");
  auto markdown = std::make_shared<bool>(false);
  schema->add_flag("--markdown", *markdown, "Print the reference page instead");
  schema->footer("Example:\n  stevie config schema > stevie.schema.json");
  schema->callback([&context, markdown] {
    app::EnsembleConfiguration config;
    ConfigBinder binder;
    describe(binder, config);
    context.out << (*markdown ? config_markdown(binder) : config_schema(binder));
  });
}

}  // namespace stevie::cli
