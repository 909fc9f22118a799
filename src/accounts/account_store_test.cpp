#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "accounts/accounts_testing.h"
#include "core/testing.h"
#include "ledger/ledger_testing.h"

namespace stevie::accounts {
namespace {

const std::string other_password = "another long word entirely";

class AccountStoreTest : public ledger::LedgerTest {
 protected:
  void SetUp() override {
    ledger::LedgerTest::SetUp();
    if (IsSkipped()) return;
    config_ = quick_accounts(place().url());
    store_ = open();
  }
  std::unique_ptr<AccountStore> open() const { return AccountStore::open(config_, clock_.now()); }
  AccountStore& store() { return *store_; }
  std::optional<Role> role_of(const std::string& bearer) {
    const auto principal = store_->authenticate(bearer);
    return principal ? std::optional(principal->role) : std::nullopt;
  }
  std::string code_of(const std::function<void()>& action) { return error_of(action).code(); }
  std::string login_code(const std::string& name, const std::string& password,
                         const std::string& address = "192.0.2.1") {
    return code_of([&] { store_->login(name, password, address); });
  }

  TestClock clock_;
  AccountConfig config_;
  std::unique_ptr<AccountStore> store_;
};
INSTANTIATE_TEST_SUITE_P(Databases, AccountStoreTest, ledger::both_databases, ledger::database_name);

TEST_P(AccountStoreTest, begins_empty_and_lists_users_by_name) {
  EXPECT_FALSE(store().has_user());
  store().add_user("zoe", good_password, Role::viewer);
  const User made = store().add_user("anna", good_password, Role::admin);
  EXPECT_EQ(made.created, clock_.time());
  EXPECT_TRUE(made.enabled);
  EXPECT_FALSE(made.last_login);
  const std::vector<User> users = store().users();
  ASSERT_EQ(users.size(), 2u);
  EXPECT_EQ(users[0].name, "anna");
  EXPECT_EQ(users[0].role, Role::admin);
  EXPECT_EQ(users[1].name, "zoe");
  EXPECT_EQ(code_of([&] { store().add_user("zoe", good_password, Role::admin); }), "accounts.exists");
  EXPECT_EQ(store().users()[1].role, Role::viewer);
}

TEST_P(AccountStoreTest, a_login_gives_tokens_that_name_user_and_role) {
  store().add_user("anna", good_password, Role::operator_role);
  const Tokens tokens = store().login("anna", good_password, "192.0.2.1");
  EXPECT_EQ(tokens.access_expires, clock_.time() + config_.access_lifetime);
  EXPECT_EQ(tokens.refresh_expires, clock_.time() + config_.refresh_lifetime);
  EXPECT_EQ(tokens.user.last_login, clock_.time());
  EXPECT_EQ(store().users()[0].last_login, clock_.time());
  const auto principal = store().authenticate(tokens.access);
  ASSERT_TRUE(principal);
  EXPECT_EQ(principal->user, "anna");
  EXPECT_EQ(principal->role, Role::operator_role);
  EXPECT_EQ(principal->via, "access token");
  EXPECT_FALSE(store().authenticate(tokens.refresh)) << "a refresh token is no access token";
  // Names have no capitals, but telephones begin words with one.
  EXPECT_TRUE(store().authenticate(store().login("Anna", good_password, "192.0.2.1").access));
}

TEST_P(AccountStoreTest, whatever_is_wrong_with_a_login_the_answer_is_the_same) {
  store().add_user("anna", good_password, Role::admin);
  store().add_user("ben", good_password, Role::viewer);
  store().set_enabled("ben", false);
  std::set<std::string> answers;
  int address = 0;
  for (const auto& [name, password] :
       std::vector<std::pair<std::string, std::string>>{{"anna", other_password},
                                                        {"anna", ""},
                                                        {"anna", std::string(100'000, 'x')},
                                                        {"ben", good_password},
                                                        {"nobody", good_password},
                                                        {"", ""},
                                                        {"' OR 1=1 --", good_password},
                                                        {std::string(100'000, 'a'), good_password},
                                                        {std::string("anna\0", 5), good_password}}) {
    const Error error = error_of(
        [&, n = name, p = password] { store().login(n, p, "198.51.100." + std::to_string(++address)); });
    EXPECT_EQ(error.code(), "accounts.bad_login");
    answers.insert(error.what());
  }
  EXPECT_EQ(answers.size(), 1u);
}

TEST_P(AccountStoreTest, a_clock_that_steps_back_locks_nobody_out_and_brings_nothing_back) {
  store().add_user("anna", good_password, Role::admin);
  const Tokens tokens = store().login("anna", good_password, "192.0.2.1");
  const Tokens ended = store().login("anna", good_password, "192.0.2.1");
  store().logout(ended.refresh);
  const auto removed = store().add_key("anna", "old", Role::viewer, std::nullopt);
  store().remove_key(removed.key.id);
  clock_.advance(-30 * day_ms);
  EXPECT_TRUE(store().authenticate(tokens.access));
  EXPECT_FALSE(store().authenticate(ended.access));
  EXPECT_FALSE(store().authenticate(removed.secret));
  EXPECT_EQ(code_of([&] { store().refresh(ended.refresh); }), "accounts.bad_refresh_token");
  const Tokens renewed = store().refresh(tokens.refresh);
  EXPECT_EQ(renewed.access_expires, clock_.time() + config_.access_lifetime) << "no longer than any other";
  EXPECT_TRUE(store().authenticate(renewed.access));
  store().set_password("anna", other_password);
  EXPECT_FALSE(store().authenticate(renewed.access))
      << "a new password ends what was before, whatever the time";
  const Tokens after = store().login("anna", other_password, "192.0.2.1");
  EXPECT_TRUE(store().authenticate(after.access));

  // What failed in the future counts from now on, for one window.
  clock_.advance(30 * day_ms);
  for (std::size_t i = 0; i < config_.tries; ++i)
    EXPECT_EQ(login_code("anna", good_password, "198.51.100.1"), "accounts.bad_login");
  EXPECT_EQ(login_code("anna", other_password, "198.51.100.1"), "accounts.too_many_tries");
  clock_.advance(-30 * day_ms);
  EXPECT_EQ(login_code("anna", other_password, "198.51.100.1"), "accounts.too_many_tries");
  clock_.advance(config_.try_window);
  EXPECT_NO_THROW(store().login("anna", other_password, "198.51.100.1"));
}

TEST_P(AccountStoreTest, access_tokens_end_with_their_time_and_with_the_store) {
  store().add_user("anna", good_password, Role::admin);
  const Tokens tokens = store().login("anna", good_password, "192.0.2.1");
  clock_.advance(config_.access_lifetime - 1);
  EXPECT_TRUE(store().authenticate(tokens.access));
  clock_.advance(1);
  EXPECT_FALSE(store().authenticate(tokens.access));

  const Tokens renewed = store().refresh(tokens.refresh);
  store_ = open();
  EXPECT_FALSE(store().authenticate(renewed.access));
  EXPECT_TRUE(store().authenticate(store().refresh(renewed.refresh).access)) << "refresh tokens outlive it";
}

TEST_P(AccountStoreTest, a_refresh_token_is_good_once_and_its_copy_ends_the_login) {
  store().add_user("anna", good_password, Role::admin);
  const Tokens first = store().login("anna", good_password, "192.0.2.1");
  const Tokens elsewhere = store().login("anna", good_password, "192.0.2.1");
  const Tokens second = store().refresh(first.refresh);
  const Tokens third = store().refresh(second.refresh);
  EXPECT_TRUE(store().authenticate(third.access));
  EXPECT_EQ(code_of([&] { store().refresh(first.refresh); }), "accounts.bad_refresh_token");
  for (const Tokens& tokens : {first, second, third}) {
    EXPECT_FALSE(store().authenticate(tokens.access));
    EXPECT_EQ(code_of([&] { store().refresh(tokens.refresh); }), "accounts.bad_refresh_token");
  }
  EXPECT_TRUE(store().authenticate(elsewhere.access)) << "another login is not touched";
  EXPECT_TRUE(store().authenticate(store().refresh(elsewhere.refresh).access));
}

TEST_P(AccountStoreTest, a_login_that_is_not_used_ends) {
  store().add_user("anna", good_password, Role::admin);
  Tokens tokens = store().login("anna", good_password, "192.0.2.1");
  clock_.advance(config_.refresh_lifetime - 1);
  tokens = store().refresh(tokens.refresh);
  clock_.advance(config_.refresh_lifetime - 1);
  tokens = store().refresh(tokens.refresh);
  clock_.advance(config_.refresh_lifetime);
  EXPECT_EQ(code_of([&] { store().refresh(tokens.refresh); }), "accounts.bad_refresh_token");
}

TEST_P(AccountStoreTest, a_logout_ends_its_login_only) {
  store().add_user("anna", good_password, Role::admin);
  const Tokens one = store().login("anna", good_password, "192.0.2.1");
  const Tokens two = store().login("anna", good_password, "192.0.2.1");
  const Tokens later = store().refresh(one.refresh);
  store().logout(one.refresh);  // any of its refresh tokens will do
  EXPECT_FALSE(store().authenticate(one.access));
  EXPECT_FALSE(store().authenticate(later.access));
  EXPECT_EQ(code_of([&] { store().refresh(later.refresh); }), "accounts.bad_refresh_token");
  EXPECT_TRUE(store().authenticate(two.access));
  EXPECT_NO_THROW(store().logout(one.refresh));
  EXPECT_NO_THROW(store().logout("nonsense"));
}

TEST_P(AccountStoreTest, changes_of_a_user_end_the_tokens_at_once) {
  store().add_user("root", good_password, Role::admin);
  store().add_user("anna", good_password, Role::admin);
  const std::vector<std::function<void()>> changes{
      [&] { store().set_password("anna", other_password); },
      [&] { store().set_password("anna", good_password); }, [&] { store().set_role("anna", Role::viewer); },
      [&] { store().set_enabled("anna", true); }, [&] { store().remove_user("anna"); }};
  const std::string passwords[] = {good_password, other_password, good_password, good_password,
                                   good_password};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const Tokens tokens = store().login("anna", passwords[i], "192.0.2.1");
    EXPECT_TRUE(store().authenticate(tokens.access));
    changes[i]();
    EXPECT_FALSE(store().authenticate(tokens.access)) << i;
    EXPECT_EQ(code_of([&] { store().refresh(tokens.refresh); }), "accounts.bad_refresh_token") << i;
  }
  EXPECT_EQ(store().users().size(), 1u);
  EXPECT_EQ(login_code("anna", good_password), "accounts.bad_login");
}

TEST_P(AccountStoreTest, changes_of_nobody_are_refused) {
  const std::string odd = "x' OR '1'='1";
  for (const std::string& name : {std::string("nobody"), std::string(), odd}) {
    EXPECT_EQ(code_of([&] { store().set_password(name, good_password); }), "accounts.unknown_user");
    EXPECT_EQ(code_of([&] { store().set_role(name, Role::admin); }), "accounts.unknown_user");
    EXPECT_EQ(code_of([&] { store().set_enabled(name, false); }), "accounts.unknown_user");
    EXPECT_EQ(code_of([&] { store().remove_user(name); }), "accounts.unknown_user");
    EXPECT_EQ(code_of([&] { store().add_key(name, "ci", Role::viewer, {}); }), "accounts.unknown_user");
  }
  EXPECT_EQ(code_of([&] { store().remove_key(odd); }), "accounts.unknown_key");
}

TEST_P(AccountStoreTest, the_last_enabled_administrator_stays) {
  store().add_user("anna", good_password, Role::admin);
  store().add_user("ben", good_password, Role::admin);
  store().add_user("cleo", good_password, Role::operator_role);
  store().set_enabled("ben", false);
  for (const auto& change : std::vector<std::function<void()>>{
           [&] { store().set_role("anna", Role::operator_role); },
           [&] { store().set_enabled("anna", false); }, [&] { store().remove_user("anna"); }}) {
    EXPECT_EQ(code_of(change), "accounts.last_admin");
  }
  EXPECT_EQ(store().users()[0].role, Role::admin);
  EXPECT_TRUE(store().users()[0].enabled);
  EXPECT_NO_THROW(store().remove_user("ben")) << "a disabled one is not the last";
  store().set_role("cleo", Role::admin);
  EXPECT_NO_THROW(store().remove_user("anna"));
  EXPECT_EQ(code_of([&] { store().remove_user("cleo"); }), "accounts.last_admin");
}

TEST_P(AccountStoreTest, two_administrators_cannot_remove_each_other_at_once) {
  for (int round = 0; round < 5; ++round) {
    const auto second = open();
    store().add_user("anna", good_password, Role::admin);
    store().add_user("ben", good_password, Role::admin);
    std::atomic<int> refused = 0;
    const auto remove = [&refused](AccountStore& by, const std::string& name) {
      try {
        by.remove_user(name);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), "accounts.last_admin");
        ++refused;
      }
    };
    std::thread one([&] { remove(store(), "anna"); });
    std::thread two([&] { remove(*second, "ben"); });
    one.join();
    two.join();
    EXPECT_EQ(refused, 1);
    EXPECT_EQ(store().users().size(), 1u);
    place().execute({"DELETE FROM accounts_users"});
  }
}

TEST_P(AccountStoreTest, the_setup_token_makes_the_first_administrator_once) {
  const std::string old = store().make_setup_token().value();
  const std::string token = store().make_setup_token().value();
  EXPECT_EQ(code_of([&] { store().set_up(old, "anna", good_password); }), "accounts.bad_setup_token");
  EXPECT_EQ(code_of([&] { store().set_up("", "anna", good_password); }), "accounts.bad_setup_token");
  EXPECT_EQ(code_of([&] { store().set_up(token, "anna", "short"); }), "accounts.weak_password");
  EXPECT_EQ(code_of([&] { store().set_up(token, "An na", good_password); }), "accounts.bad_name");
  EXPECT_FALSE(store().authenticate(token));
  store_ = open();  // it outlives the process
  const Tokens tokens = store().set_up(token, "anna", good_password);
  EXPECT_EQ(role_of(tokens.access), Role::admin);
  EXPECT_EQ(tokens.user.last_login, clock_.time());
  EXPECT_EQ(code_of([&] { store().set_up(token, "eve", good_password); }), "accounts.bad_setup_token");
  EXPECT_FALSE(store().make_setup_token());
  EXPECT_EQ(store().users().size(), 1u);
}

TEST_P(AccountStoreTest, a_setup_token_ends_after_a_day_and_with_the_first_user) {
  const std::string token = store().make_setup_token().value();
  clock_.advance(day_ms);
  EXPECT_EQ(code_of([&] { store().set_up(token, "anna", good_password); }), "accounts.bad_setup_token");
  const std::string next = store().make_setup_token().value();
  store().add_user("ben", good_password, Role::admin);
  EXPECT_EQ(code_of([&] { store().set_up(next, "anna", good_password); }), "accounts.bad_setup_token");
}

TEST_P(AccountStoreTest, one_of_many_that_use_the_setup_token_wins) {
  const std::string token = store().make_setup_token().value();
  std::atomic<int> made = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      try {
        store().set_up(token, "user" + std::to_string(i), good_password);
        ++made;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), "accounts.bad_setup_token");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(store().users().size(), 1u);
}

TEST_P(AccountStoreTest, a_key_acts_for_its_user_with_at_most_its_role) {
  store().add_user("root", good_password, Role::admin);
  store().add_user("anna", good_password, Role::operator_role);
  const auto made = store().add_key("anna", "ci", Role::operator_role, {});
  EXPECT_TRUE(made.secret.starts_with("stv_k_" + made.key.id + "_"));
  const auto principal = store().authenticate(made.secret);
  ASSERT_TRUE(principal);
  EXPECT_EQ(principal->user, "anna");
  EXPECT_EQ(principal->role, Role::operator_role);
  EXPECT_EQ(principal->via, "API key ci");
  EXPECT_EQ(code_of([&] { store().add_key("anna", "more", Role::admin, {}); }), "accounts.role_too_high");
  EXPECT_EQ(code_of([&] { store().add_key("anna", "ci", Role::viewer, {}); }), "accounts.exists");
  EXPECT_EQ(code_of([&] { store().add_key("anna", "c i", Role::viewer, {}); }), "accounts.bad_name");

  store().set_role("anna", Role::viewer);
  EXPECT_EQ(role_of(made.secret), Role::viewer);
  store().set_role("anna", Role::admin);
  EXPECT_EQ(role_of(made.secret), Role::operator_role);
  store().set_enabled("anna", false);
  EXPECT_FALSE(store().authenticate(made.secret));
  store().set_enabled("anna", true);
  EXPECT_TRUE(store().authenticate(made.secret));
  store().set_password("anna", other_password);
  EXPECT_TRUE(store().authenticate(made.secret)) << "a key is no login";
  store_ = open();
  EXPECT_TRUE(store().authenticate(made.secret));
  store().remove_key(made.key.id);
  EXPECT_FALSE(store().authenticate(made.secret));
  EXPECT_TRUE(store().keys().empty());
}

TEST_P(AccountStoreTest, keys_expire_and_tell_when_they_were_used) {
  store().add_user("anna", good_password, Role::admin);
  EXPECT_EQ(code_of([&] { store().add_key("anna", "old", Role::viewer, clock_.time()); }),
            "accounts.bad_expiry");
  const auto made = store().add_key("anna", "ci", Role::viewer, clock_.time() + hour_ms);
  EXPECT_FALSE(store().keys().at(0).last_used);
  clock_.advance(hour_ms - 1);
  EXPECT_TRUE(store().authenticate(made.secret));
  const TimeMs used = clock_.time();
  clock_.advance(1);
  EXPECT_FALSE(store().authenticate(made.secret));
  EXPECT_EQ(store().keys().at(0).last_used, used);
  EXPECT_EQ(store().keys().at(0).expires, clock_.time());
  store_.reset();
  store_ = open();
  EXPECT_EQ(store().keys().at(0).last_used, used) << "written down at the end";
}

TEST_P(AccountStoreTest, keys_go_with_their_user) {
  store().add_user("root", good_password, Role::admin);
  store().add_user("anna", good_password, Role::admin);
  const auto made = store().add_key("anna", "ci", Role::admin, {});
  store().remove_user("anna");
  EXPECT_FALSE(store().authenticate(made.secret));
  store().add_user("anna", good_password, Role::admin);
  EXPECT_FALSE(store().authenticate(made.secret));
  EXPECT_TRUE(store().keys().empty());
}

TEST_P(AccountStoreTest, what_another_process_changes_is_taken_over) {
  store().add_user("root", good_password, Role::admin);
  store().add_user("anna", good_password, Role::operator_role);
  const auto other = open();
  const auto key = other->add_key("anna", "ci", Role::operator_role, {});
  const Tokens tokens = store().login("anna", good_password, "192.0.2.1");
  const Tokens roots = store().login("root", good_password, "192.0.2.1");
  store().look_around();
  EXPECT_TRUE(store().authenticate(key.secret));
  other->remove_key(key.key.id);
  other->set_role("anna", Role::viewer);
  store().look_around();
  EXPECT_FALSE(store().authenticate(key.secret));
  EXPECT_FALSE(store().authenticate(tokens.access));
  EXPECT_TRUE(store().authenticate(roots.access)) << "others are left alone";
  other->logout(roots.refresh);
  store().look_around();
  EXPECT_FALSE(store().authenticate(roots.access));
}

TEST_P(AccountStoreTest, the_store_looks_around_by_itself) {
  store().add_user("root", good_password, Role::admin);
  const auto key = store().add_key("root", "ci", Role::viewer, {});
  open()->remove_key(key.key.id);
  // Its thread does within a second; a loaded machine may take longer.
  for (int i = 0; i < 3000 && store().authenticate(key.secret); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_FALSE(store().authenticate(key.secret));
}

TEST_P(AccountStoreTest, failed_logins_lock_until_the_window_has_passed) {
  store().add_user("anna", good_password, Role::admin);
  for (std::size_t i = 0; i < config_.tries; ++i) {
    EXPECT_EQ(login_code("anna", other_password), "accounts.bad_login");
    clock_.advance(second_ms);
  }
  const TimeMs first = clock_.time() - static_cast<TimeMs>(config_.tries) * second_ms;
  try {
    store().login("anna", good_password, "192.0.2.1");
    ADD_FAILURE() << "the right password is not looked at either";
  } catch (const TooManyTries& error) {
    EXPECT_EQ(error.code(), "accounts.too_many_tries");
    EXPECT_EQ(error.again(), first + config_.try_window);
    EXPECT_NE(std::string(error.what()).find("seconds"), std::string::npos);
  }
  EXPECT_EQ(login_code("anna", good_password, "203.0.113.9"), "accounts.too_many_tries") << "the name";
  EXPECT_EQ(login_code("ben", good_password), "accounts.too_many_tries") << "the address";
  EXPECT_EQ(login_code("ben", good_password, "203.0.113.9"), "accounts.bad_login") << "neither";
  clock_.advance(first + config_.try_window - clock_.time());
  EXPECT_NO_THROW(store().login("anna", good_password, "192.0.2.1"));
}

TEST_P(AccountStoreTest, unknown_names_lock_as_known_ones_do) {
  store().add_user("anna", good_password, Role::admin);
  for (const std::string& name : {std::string("anna"), std::string("nobody")}) {
    std::vector<std::string> codes;
    for (int i = 0; i < 7; ++i) {
      codes.push_back(login_code(name, other_password, name + std::to_string(i)));
    }
    EXPECT_EQ(codes,
              (std::vector<std::string>{"accounts.bad_login", "accounts.bad_login", "accounts.bad_login",
                                        "accounts.bad_login", "accounts.bad_login", "accounts.too_many_tries",
                                        "accounts.too_many_tries"}))
        << name;
  }
}

TEST_P(AccountStoreTest, a_new_password_by_another_process_opens_the_lock) {
  store().add_user("anna", good_password, Role::admin);
  for (int i = 0; i < 5; ++i) login_code("anna", other_password, "198.51.100." + std::to_string(i));
  EXPECT_EQ(login_code("anna", good_password), "accounts.too_many_tries");
  open()->set_password("anna", other_password);
  store().look_around();
  EXPECT_NO_THROW(store().login("anna", other_password, "192.0.2.1"));
}

TEST_P(AccountStoreTest, many_threads_cannot_try_more_often_than_one) {
  store().add_user("anna", good_password, Role::admin);
  std::atomic<int> looked_at = 0, refused = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 4; ++n) {
        const std::string code = login_code("anna", other_password, "198.51.100." + std::to_string(i));
        ++(code == "accounts.bad_login" ? looked_at : refused);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(looked_at, 5);
  EXPECT_EQ(refused, 27);
}

TEST_P(AccountStoreTest, threads_log_in_refresh_ask_and_change_side_by_side) {
  store().add_user("root", good_password, Role::admin);
  store().add_user("anna", good_password, Role::operator_role);
  const auto key = store().add_key("root", "ci", Role::admin, {});
  std::atomic<bool> is_done = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (!is_done) EXPECT_TRUE(store().authenticate(key.secret));
    });
  }
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 8; ++n) {
        try {
          Tokens tokens = store().login("anna", good_password, "192.0.2." + std::to_string(i));
          tokens = store().refresh(tokens.refresh);
          store().authenticate(tokens.access);
          if (n % 2 == 0) store().logout(tokens.refresh);
        } catch (const Error& error) {
          const std::set<std::string> expected{"accounts.bad_login", "accounts.bad_refresh_token",
                                               "accounts.too_many_tries"};
          EXPECT_TRUE(expected.contains(error.code())) << error.code();
        }
      }
    });
  }
  threads.emplace_back([&] {
    for (int n = 0; n < 10; ++n) {
      store().set_enabled("anna", n % 2 == 1);
      store().keys();
      store().users();
    }
  });
  for (std::size_t i = 2; i < threads.size(); ++i) threads[i].join();
  is_done = true;
  for (std::size_t i = 0; i < 2; ++i) threads[i].join();
  clock_.advance(config_.try_window);  // failures while anna was disabled may have locked her out
  EXPECT_NO_THROW(store().login("anna", good_password, "192.0.2.1"));
  store().set_enabled("anna", false);
  EXPECT_EQ(login_code("anna", good_password), "accounts.bad_login");
}

TEST_P(AccountStoreTest, one_user_has_a_bounded_number_of_logins) {
  store().add_user("anna", good_password, Role::admin);
  const Tokens first = store().login("anna", good_password, "192.0.2.1");
  clock_.advance(1);
  const Tokens second = store().login("anna", good_password, "192.0.2.1");
  for (int i = 0; i < 99; ++i) {
    clock_.advance(1);
    store().login("anna", good_password, "192.0.2.1");
  }
  EXPECT_EQ(code_of([&] { store().refresh(first.refresh); }), "accounts.bad_refresh_token");
  EXPECT_NO_THROW(store().refresh(second.refresh));
}

TEST_P(AccountStoreTest, a_dearer_password_hash_replaces_the_old_one_at_the_next_login) {
  store().add_user("anna", good_password, Role::admin);
  const auto hash = [&] {
    std::string text;
    *place().connect() << "SELECT password FROM accounts_users", soci::into(text);
    return text;
  };
  EXPECT_NE(hash().find("m=1024,t=3,p=1"), std::string::npos);
  const Tokens before = store().login("anna", good_password, "192.0.2.1");
  config_.password_memory = 2;
  store_ = open();
  store().login("anna", good_password, "192.0.2.1");
  EXPECT_NE(hash().find("m=2048,t=3,p=1"), std::string::npos);
  EXPECT_NO_THROW(store().login("anna", good_password, "192.0.2.1"));
  EXPECT_NO_THROW(store().refresh(before.refresh)) << "the password is the same: logins stay";
}

TEST_P(AccountStoreTest, hostile_tokens_are_nobodys) {
  store().add_user("anna", good_password, Role::admin);
  const Tokens tokens = store().login("anna", good_password, "192.0.2.1");
  const auto key = store().add_key("anna", "ci", Role::admin, {});
  std::vector<std::string> hostile{"",
                                   "stv_a_",
                                   "stv_k_",
                                   "stv_r_",
                                   "stv_s_",
                                   std::string(1 << 20, 'x'),
                                   "Bearer ",
                                   "\0\0\0",
                                   "' OR 1=1",
                                   "stv_k_" + key.key.id,
                                   "stv_k_" + key.key.id + "_",
                                   "stv_k_" + std::string(1 << 20, 'a')};
  for (const std::string& good : {tokens.access, key.secret}) {
    for (std::size_t i = 0; i < good.size(); ++i) {
      std::string changed = good;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      hostile.push_back(changed);
      hostile.push_back(good.substr(0, i));
    }
    hostile.push_back(good + "A");
    hostile.push_back(" " + good);
    hostile.push_back(good + std::string(1, '\0'));
  }
  for (const std::string& token : hostile) {
    EXPECT_FALSE(store().authenticate(token)) << token.substr(0, 80);
    EXPECT_EQ(code_of([&] { store().refresh(token); }), "accounts.bad_refresh_token");
    EXPECT_EQ(code_of([&] { store().set_up(token, "eve", good_password); }), "accounts.bad_setup_token");
    EXPECT_NO_THROW(store().logout(token));
  }
  EXPECT_TRUE(store().authenticate(tokens.access));
  EXPECT_TRUE(store().authenticate(key.secret));
}

TEST_P(AccountStoreTest, another_schema_is_refused_and_left_as_it_is) {
  store().add_user("anna", good_password, Role::admin);
  store_.reset();
  place().execute({"UPDATE accounts_schema SET version = 99"});
  EXPECT_EQ(code_of([&] { open(); }), "accounts.newer_schema");
  place().execute({"UPDATE accounts_schema SET version = 1"});
  EXPECT_EQ(open()->users().size(), 1u);
  place().execute({"DELETE FROM accounts_schema"});
  EXPECT_EQ(code_of([&] { open(); }), "accounts.damaged");
}

TEST_P(AccountStoreTest, what_somebody_wrote_into_the_tables_is_told) {
  store().add_user("anna", good_password, Role::admin);
  store().add_key("anna", "ci", Role::viewer, {});
  store_.reset();
  place().execute({"UPDATE accounts_users SET role = 'emperor'"});
  EXPECT_EQ(code_of([&] { open(); }), "accounts.damaged");
  place().execute({"UPDATE accounts_users SET role = 'admin'", "UPDATE accounts_keys SET secret = 'x'"});
  EXPECT_EQ(code_of([&] { open(); }), "accounts.damaged");
}

TEST_P(AccountStoreTest, nothing_secret_is_in_the_database_or_in_messages) {
  const std::string setup = store().make_setup_token().value();
  const std::string said =
      error_of([&] { store().set_up("stv_s_secretguess", "anna", good_password); }).what();
  EXPECT_EQ(said.find("secretguess"), std::string::npos);
  Tokens tokens = store().set_up(setup, "anna", good_password);
  std::vector<std::string> secrets{setup, good_password, tokens.access, tokens.refresh};
  tokens = store().refresh(tokens.refresh);
  const auto key = store().add_key("anna", "ci", Role::admin, {});
  for (const std::string& secret : {tokens.access, tokens.refresh, key.secret}) secrets.push_back(secret);
  secrets.push_back(key.secret.substr(key.secret.size() - 43));
  secrets.push_back(tokens.refresh.substr(6, 22));  // what the tokens of a login have in common
  for (const auto& action : std::vector<std::function<void()>>{
           [&] { store().login("anna", other_password, "192.0.2.1"); },
           [&] { store().add_user("anna", other_password, Role::admin); },
           [&] { store().set_password("anna", "shortsecret"); }, [&] { store().refresh(secrets[3]); }}) {
    const std::string message = error_of(action).what();
    for (const std::string& secret : secrets) EXPECT_EQ(message.find(secret), std::string::npos);
    EXPECT_EQ(message.find(other_password), std::string::npos);
    EXPECT_EQ(message.find("shortsecret"), std::string::npos);
  }
  std::string bytes;
  if (GetParam() == ledger::Dialect::sqlite) {
    for (const auto& file : std::filesystem::directory_iterator(place().folder())) {
      std::ostringstream text;
      text << std::ifstream(file.path(), std::ios::binary).rdbuf();
      bytes += text.str();
    }
    EXPECT_NE(bytes.find("accounts_users"), std::string::npos) << "the right files are looked at";
  } else {
    const auto sql = place().connect();
    for (const char* table : {"accounts_users", "accounts_logins", "accounts_keys", "accounts_setup"}) {
      std::string text;
      soci::indicator state = soci::i_null;
      *sql << std::string("SELECT string_agg(CAST(t AS TEXT), ' ') FROM ") + table + " t",
          soci::into(text, state);
      bytes += text;
    }
    EXPECT_NE(bytes.find("anna"), std::string::npos);
  }
  for (const std::string& secret : secrets) EXPECT_EQ(bytes.find(secret), std::string::npos) << secret;
}

/// A role of the server's own, through which a store connects, and which can be kept out.
class RoleTest : public testing::Test {
 protected:
  void SetUp() override {
    if (ledger::postgres_url().empty()) GTEST_SKIP() << "STEVIE_POSTGRES_URL is not set";
    place_ = std::make_unique<ledger::TestPlace>(ledger::Dialect::postgresql);
    role_ = place_->folder().filename().string();
    ledger::execute_on_server("CREATE ROLE \"" + role_ + "\" LOGIN PASSWORD 'p'");
    ledger::execute_on_server("GRANT ALL ON SCHEMA \"" + role_ + "\" TO \"" + role_ + "\"");
    const std::string url = place_->url();
    url_ = "postgresql://" + role_ + ":p" + url.substr(url.find('@'));
  }
  void TearDown() override {
    if (!place_) return;
    place_.reset();
    ledger::execute_on_server("DROP ROLE \"" + role_ + "\"");
  }
  void set_login(bool allowed) const {
    ledger::execute_on_server("ALTER ROLE \"" + role_ + "\" " + (allowed ? "LOGIN" : "NOLOGIN"));
  }
  void end_connections() const {
    ledger::execute_on_server(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '" + role_ + "'");
  }

  std::unique_ptr<ledger::TestPlace> place_;
  std::string role_, url_;
};

TEST_F(RoleTest, a_database_that_is_gone_is_told_and_taken_up_again) {
  {
    const TestClock clock;
    const auto store = AccountStore::open(quick_accounts(url_), clock.now());
    store->add_user("root", good_password, Role::admin);
    const auto key = store->add_key("root", "ci", Role::admin, {});
    const Tokens tokens = store->login("root", good_password, "192.0.2.1");
    for (int i = 0; i < 3; ++i) {
      end_connections();
      EXPECT_EQ(store->users().size(), 1u) << "the connection is made again";
    }
    set_login(false);
    end_connections();
    const auto code = [](const std::function<void()>& action) { return error_of(action).code(); };
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ(code([&] { store->login("root", good_password, "192.0.2.1"); }), "accounts.login_refused");
      EXPECT_EQ(code([&] { store->refresh(tokens.refresh); }), "accounts.login_refused");
      EXPECT_EQ(code([&] { store->remove_key(key.key.id); }), "accounts.login_refused");
    }
    EXPECT_TRUE(store->authenticate(tokens.access));
    EXPECT_TRUE(store->authenticate(key.secret));
    set_login(true);
    EXPECT_TRUE(store->authenticate(store->refresh(tokens.refresh).access));
    EXPECT_NO_THROW(store->login("root", good_password, "192.0.2.1"))
        << "what failed meanwhile is no failed try";
    store->remove_key(key.key.id);
    EXPECT_FALSE(store->authenticate(key.secret));
  }
  ledger::execute_on_server("DROP OWNED BY \"" + role_ + "\" CASCADE");
}

TEST(AccountStore, its_file_is_its_owners) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "accounts.db";
  const auto store = AccountStore::open(quick_accounts("sqlite:///" + file.string()));
  store->add_user("anna", good_password, Role::admin);
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    EXPECT_EQ(entry.status().permissions() &
                  (std::filesystem::perms::group_all | std::filesystem::perms::others_all),
              std::filesystem::perms::none)
        << entry.path();
  }
}

TEST(AccountStore, places_that_cannot_hold_it_are_told) {
  const TemporaryFolder folder;
  const std::string base = "sqlite:///" + folder.path().string();
  const auto code = [](const std::string& url) {
    return error_of([&] { AccountStore::open(quick_accounts(url)); }).code();
  };
  EXPECT_EQ(code("mysql://h/d"), "accounts.bad_url");
  EXPECT_EQ(code(base + "/missing/accounts.db"), "accounts.unwritable");
  std::ofstream(folder.path() / "text.db") << std::string(4096, 'x');
  EXPECT_EQ(code(base + "/text.db"), "accounts.damaged");
  EXPECT_EQ(code("postgresql://nobody:topsecret@127.0.0.1:1/none"), "accounts.unreachable");
  const Error error =
      error_of([] { AccountStore::open(quick_accounts("postgresql://nobody:topsecret@127.0.0.1:1/none")); });
  EXPECT_EQ(std::string(error.what()).find("topsecret"), std::string::npos);
  ledger::Ledger::open({.url = base + "/ledger.db"});
  EXPECT_EQ(code(base + "/ledger.db"), "accounts.not_accounts");
}

}  // namespace
}  // namespace stevie::accounts
