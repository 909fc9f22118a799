#include "cli/password_input.h"

#include <fmt/format.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "core/interrupt.h"

namespace stevie::cli {
namespace {

constexpr std::size_t most_bytes = 8192;

/// While it lives, what is typed is not shown.
class NoEcho {
 public:
  NoEcho() {
    tcgetattr(STDIN_FILENO, &before_);
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent.c_lflag |= ECHONL;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~NoEcho() { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_); }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  termios before_{};
};

/// Standard input up to `until` or its end.
std::string read_input(std::optional<char> until) {
  std::string text;
  while (text.size() <= most_bytes) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    // Another thread may have got the signal, so that nothing wakes this one.
    const int ready = ::poll(&input, 1, 100);
    if (interrupted()) throw Interrupted("interrupted: nothing was changed");
    if (ready <= 0) continue;
    char letter = 0;
    const ssize_t count = ::read(STDIN_FILENO, &letter, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || letter == until) break;
    text += letter;
  }
  return text;
}

std::string only_line(std::string text, const std::string& place) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) throw Error("cli.bad_password", "there is no password: nothing was changed", place);
  if (text.find('\n') != std::string::npos || text.size() > most_bytes) {
    throw Error("cli.bad_password", "the password must be the only line, of at most 1024 characters", place);
  }
  return text;
}

std::string ask(const std::string& question, std::ostream& prompts) {
  prompts << question << std::flush;
  return read_input('\n');
}

}  // namespace

std::string read_new_password(const std::string& user, const std::string& file, std::ostream& prompts) {
  if (!file.empty() && file != "-") return only_line(read_file(file), file);
  const InterruptGuard guard;
  if (file == "-" || ::isatty(STDIN_FILENO) == 0) return only_line(read_input({}), "standard input");
  const NoEcho silence;
  const std::string first = ask(fmt::format("New password of {}: ", user), prompts);
  if (ask("The same again: ", prompts) != first) {
    throw Error("cli.bad_password", "the two passwords differ: nothing was changed");
  }
  return only_line(first, {});
}

}  // namespace stevie::cli
