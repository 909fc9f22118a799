#pragma once
#include <ostream>
#include <string>

namespace stevie::cli {

/// A new password, never from an argument, which other users of the machine and the shell's history would
/// see. `file` not empty: the one line that this file holds; "-": of standard input. Empty: typed twice at
/// the terminal without echo, or where standard input is none the one line that stands there. A line feed at
/// the end does not count. Throws Error "cli.bad_password" (empty, several lines, too long, typed
/// differently) or those of read_file(), and Interrupted on Ctrl-C, with the terminal as it was.
std::string read_new_password(const std::string& user, const std::string& file, std::ostream& prompts);

}  // namespace stevie::cli
