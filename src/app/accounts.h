#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "accounts/accounts.h"
#include "ledger/ledger.h"
#include "live/parameter_store.h"

namespace stevie::app {

/// Where changes to users and keys are made and recorded. Both must outlive it; the ledger is of the thread
/// that calls.
struct AccountDesk {
  accounts::AccountStore& store;
  ledger::Ledger& ledger;
  std::function<TimeMs()> now = {};  // empty: the system's clock
};

/// The changes. Each is made in the store and then recorded as an event "accounts.changed" whose author is
/// `by.name` and whose body is {what, user, reason, ...}; no password, token or key is in it. They throw what
/// the store throws, with nothing changed; Error "app.unsigned" without name or reason, and the ledger's
/// codes where that cannot be read, both before anything is changed; Error "app.not_recorded" where it could
/// not be written afterwards: the change is then made and stays.
accounts::User add_user(const AccountDesk& desk, const live::Signature& by, const std::string& name,
                        const std::string& password, accounts::Role role);
accounts::User set_password(const AccountDesk& desk, const live::Signature& by, const std::string& name,
                            const std::string& password);
accounts::User set_role(const AccountDesk& desk, const live::Signature& by, const std::string& name,
                        accounts::Role role);
accounts::User set_enabled(const AccountDesk& desk, const live::Signature& by, const std::string& name,
                           bool enabled);
void remove_user(const AccountDesk& desk, const live::Signature& by, const std::string& name);
accounts::AccountStore::NewKey add_key(const AccountDesk& desk, const live::Signature& by,
                                       const std::string& user, const std::string& name, accounts::Role role,
                                       std::optional<TimeMs> expires);
void remove_key(const AccountDesk& desk, const live::Signature& by, const std::string& id);
/// The first administrator, who is the author; the reason is recorded as "first start".
accounts::Tokens set_up(const AccountDesk& desk, const std::string& token, const std::string& name,
                        const std::string& password);

/// Tables for people, and JSON arrays for programs. Nothing secret is in them.
std::string users_text(std::span<const accounts::User> users);
std::string users_json(std::span<const accounts::User> users);
std::string keys_text(std::span<const accounts::ApiKey> keys);
std::string keys_json(std::span<const accounts::ApiKey> keys);

}  // namespace stevie::app
