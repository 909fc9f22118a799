#include "cli/social_flags.h"

namespace stevie::cli {

void add_social_flags(CLI::App& command, app::SocialRequest& request) {
  CLI::Option* files = command.add_option("--social", request.files,
                                          "Side series with a social score, FILE[:COLUMN][@DELAY], again for "
                                          "more (default: those that fit in the "
                                          "folder sentiment beside the bars)");
  files->allow_extra_args(false);
  command.add_flag("!--no-social", request.discover, "Use no social score")->excludes(files);
}

}  // namespace stevie::cli
