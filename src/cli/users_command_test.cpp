#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "accounts/accounts_testing.h"
#include "cli/cli_testing.h"
#include "core/file.h"
#include "core/testing.h"
#include "ledger/ledger.h"

namespace stevie::cli {
namespace {

using nlohmann::json;

const std::string password = accounts::good_password;

class UsersCommand : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (temporary_.path() / name).string(); }
  std::vector<std::string> with_settings(std::vector<std::string> arguments) const {
    const std::vector<std::string> settings{"--set", "ledger.url=sqlite:///" + path("stevie.db"),
                                            "--set", "accounts.url=sqlite:///" + path("accounts.db"),
                                            "--set", "accounts.password_memory=19",
                                            "users"};
    arguments.insert(arguments.begin(), settings.begin(), settings.end());
    return arguments;
  }
  ProgramResult run(const std::vector<std::string>& arguments,
                    std::vector<const char*> environment = {"USER=root"}) const {
    return run_stevie(with_settings(arguments), std::move(environment));
  }
  std::string out(const std::vector<std::string>& arguments) const {
    const ProgramResult result = run(arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    return result.out;
  }
  std::string password_file(const std::string& text) const {
    write_file(path("password"), text);
    return path("password");
  }
  void add(const std::string& name, const std::string& role) const {
    out({"add", name, "--role", role, "--password-file", password_file(password + "\n"), "--reason", "test"});
  }
  std::unique_ptr<accounts::AccountStore> store() const {
    return accounts::AccountStore::open(accounts::quick_accounts("sqlite:///" + path("accounts.db")));
  }
  std::vector<ledger::Event> events() const {
    return ledger::Ledger::open({.url = "sqlite:///" + path("stevie.db")})
        ->read({.kind = "accounts.changed"});
  }
  void expect_refused(const std::vector<std::string>& arguments, const std::string& text) const {
    const auto before = json::parse(out({"list", "--json"}));
    const std::size_t recorded = events().size();
    const ProgramResult result = run(arguments);
    EXPECT_EQ(result.code, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_NE(result.err.find(text), std::string::npos) << result.err;
    EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
    EXPECT_EQ(json::parse(out({"list", "--json"})), before);
    EXPECT_EQ(events().size(), recorded);
  }

  const TemporaryFolder temporary_;
};

TEST_F(UsersCommand, makes_changes_and_removes_users_on_record) {
  EXPECT_EQ(out({"list"}), "there is no user yet: stevie users add NAME --role admin\n");
  add("anna", "admin");
  add("ben", "viewer");
  EXPECT_EQ(out({"role", "ben", "operator", "--reason", "promoted"}),
            "ben is operator; all logins are ended\n");
  EXPECT_EQ(out({"disable", "ben", "--reason", "on leave", "--by", "anna"}), "ben is disabled\n");
  const json users = json::parse(out({"list", "--json"}));
  ASSERT_EQ(users.size(), 2u);
  EXPECT_EQ(users[1]["name"], "ben");
  EXPECT_EQ(users[1]["role"], "operator");
  EXPECT_EQ(users[1]["enabled"], false);
  EXPECT_EQ(users[1]["last_login"], nullptr);
  out({"enable", "ben", "--reason", "back"});
  EXPECT_EQ(out({"remove", "ben", "--reason", "left"}), "removed ben\n");

  std::vector<std::string> told;
  for (const ledger::Event& event : events()) {
    const json body = json::parse(event.body);
    told.push_back(event.author + " " + body["what"].get<std::string>() + " " +
                   body["user"].get<std::string>() + ": " + body["reason"].get<std::string>());
  }
  EXPECT_EQ(told, (std::vector<std::string>{"root user_added anna: test", "root user_added ben: test",
                                            "root role_set ben: promoted", "anna user_disabled ben: on leave",
                                            "root user_enabled ben: back", "root user_removed ben: left"}));
}

TEST_F(UsersCommand, sets_a_forgotten_password) {
  add("anna", "admin");
  const std::string next = "quite another long one";
  out({"password", "anna", "--password-file", password_file(next), "--reason", "forgotten"});
  EXPECT_EQ(error_of([&] { store()->login("anna", password, "192.0.2.1"); }).code(), "accounts.bad_login");
  EXPECT_NO_THROW(store()->login("anna", next, "192.0.2.1"));
}

TEST_F(UsersCommand, prints_a_key_once) {
  add("anna", "admin");
  const ProgramResult result =
      run({"add-key", "anna", "--name", "ci", "--expires", "2030-01-01", "--reason", "report"});
  EXPECT_EQ(result.code, 0) << result.err;
  ASSERT_TRUE(result.out.starts_with("stv_k_")) << "nothing else is on standard output";
  const std::string secret = result.out.substr(0, result.out.size() - 1);
  EXPECT_EQ(result.err.find(secret), std::string::npos);
  EXPECT_TRUE(store()->authenticate(secret));
  const json keys = json::parse(out({"keys", "--json"}));
  EXPECT_EQ(keys[0]["role"], "viewer");
  EXPECT_EQ(keys[0]["expires"], "2030-01-01T00:00:00Z");
  const std::string id = keys[0]["id"];
  EXPECT_EQ(out({"keys"}).find(secret.substr(secret.size() - 43)), std::string::npos);
  EXPECT_EQ(out({"remove-key", id, "--reason", "done"}), "removed key " + id + "\n");
  EXPECT_FALSE(store()->authenticate(secret));
  for (const ledger::Event& event : events()) {
    EXPECT_EQ(event.body.find(secret.substr(secret.size() - 43)), std::string::npos);
    EXPECT_EQ(event.body.find(password), std::string::npos);
  }
  const json last = json::parse(events().back().body);
  EXPECT_EQ(last["what"], "key_removed");
  EXPECT_EQ(last["user"], "anna");
  EXPECT_EQ(last["key_id"], id);
}

TEST_F(UsersCommand, refuses_what_is_wrong_and_changes_nothing) {
  add("anna", "admin");
  const std::string file = password_file(password);
  expect_refused({"add", "ben", "--role", "boss", "--password-file", file, "--reason", "x"}, "flag --role");
  expect_refused({"add", "ben", "--password-file", file}, "say why");
  expect_refused({"add", "Ben", "--password-file", file, "--reason", "x"}, "no name of a user");
  expect_refused({"add", "anna", "--password-file", file, "--reason", "x"}, "already");
  expect_refused({"add", "ben", "--password-file", path("none"), "--reason", "x"}, "none");
  expect_refused({"remove", "anna", "--reason", "x"}, "last enabled administrator");
  expect_refused({"role", "anna", "viewer", "--reason", "x"}, "last enabled administrator");
  expect_refused({"disable", "nobody", "--reason", "x"}, "no user 'nobody'");
  expect_refused({"remove-key", "0a1b2c3d4e5f", "--reason", "x"}, "no key");
  expect_refused({"add-key", "anna", "--name", "ci", "--expires", "1999-01-01", "--reason", "x"}, "expire");
  expect_refused({"add-key", "anna", "--name", "ci", "--expires", "soon", "--reason", "x"}, "flag --expires");
  for (const std::string& text :
       {std::string(), std::string("\n"), password + "\nmore\n", std::string("short")}) {
    expect_refused({"add", "ben", "--password-file", password_file(text), "--reason", "x"}, "password");
  }
  const ProgramResult result = run({"disable", "anna", "--reason", "x"}, {});
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.err.find("say who"), std::string::npos);
  const ProgramResult argument = run({"add", "ben", "--password", password, "--reason", "x"});
  EXPECT_EQ(argument.code, 2) << "a password is no argument";
}

/// `stevie users ...` at a terminal of its own, where `typed` is typed, a line after each prompt. What the
/// terminal showed, and the exit status.
struct TerminalRun {
  std::string shown;
  int status = 0;
  bool echoes_afterwards = false;
};
TerminalRun at_terminal(const std::vector<std::string>& arguments, const std::vector<std::string>& typed) {
  int controller = 0, terminal = 0;
  EXPECT_EQ(::openpty(&controller, &terminal, nullptr, nullptr, nullptr), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(controller);
    ::login_tty(::dup(terminal));
    std::vector<const char*> words{"stevie"};
    for (const std::string& argument : arguments) words.push_back(argument.c_str());
    const int code =
        run_program(static_cast<int>(words.size()), words.data(), {"USER=root"}, std::cout, std::cerr);
    std::cout.flush();
    ::_exit(code);
  }
  TerminalRun result;
  std::size_t next = 0, prompts = 0;
  while (true) {
    pollfd output{controller, POLLIN, 0};
    if (::poll(&output, 1, 100) > 0) {
      char bytes[512];
      const ssize_t count = ::read(controller, bytes, sizeof(bytes));
      if (count <= 0) break;
      result.shown.append(bytes, static_cast<std::size_t>(count));
      const std::size_t seen = static_cast<std::size_t>(std::ranges::count(result.shown, ':'));
      if (seen > prompts && next < typed.size() && result.shown.ends_with(": ")) {
        prompts = seen;
        EXPECT_EQ(::write(controller, typed[next].data(), typed[next].size()),
                  static_cast<ssize_t>(typed[next].size()));
        ++next;
      }
      continue;
    }
    if (::waitpid(child, &result.status, WNOHANG) == child) break;
  }
  if (!WIFEXITED(result.status)) ::waitpid(child, &result.status, 0);
  termios settings{};
  tcgetattr(terminal, &settings);
  result.echoes_afterwards = (settings.c_lflag & ECHO) != 0;
  ::close(terminal);
  ::close(controller);
  result.status = WIFEXITED(result.status) ? WEXITSTATUS(result.status) : 128;
  return result;
}

TEST_F(UsersCommand, asks_for_a_password_twice_without_showing_it) {
  const auto arguments = with_settings({"add", "anna", "--role", "admin", "--reason", "first"});
  const TerminalRun run = at_terminal(arguments, {password + "\n", password + "\n"});
  EXPECT_EQ(run.status, 0) << run.shown;
  EXPECT_NE(run.shown.find("New password of anna: "), std::string::npos) << run.shown;
  EXPECT_EQ(run.shown.find(password), std::string::npos) << run.shown;
  EXPECT_TRUE(run.echoes_afterwards);
  EXPECT_NO_THROW(store()->login("anna", password, "192.0.2.1"));
}

TEST_F(UsersCommand, refuses_two_passwords_that_differ) {
  const auto arguments = with_settings({"add", "anna", "--role", "admin", "--reason", "first"});
  const TerminalRun run = at_terminal(arguments, {password + "\n", password + "x\n"});
  EXPECT_EQ(run.status, 2) << run.shown;
  EXPECT_NE(run.shown.find("differ"), std::string::npos) << run.shown;
  EXPECT_TRUE(run.echoes_afterwards);
  EXPECT_FALSE(store()->has_user());
}

TEST_F(UsersCommand, can_be_interrupted_while_it_asks) {
  const auto arguments = with_settings({"add", "anna", "--role", "admin", "--reason", "first"});
  const TerminalRun run = at_terminal(arguments, {"half a pass\x03"});
  EXPECT_EQ(run.status, 130) << run.shown;
  EXPECT_TRUE(run.echoes_afterwards);
  EXPECT_FALSE(store()->has_user());
}

}  // namespace
}  // namespace stevie::cli
