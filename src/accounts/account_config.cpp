#include "accounts/accounts.h"
#include "ledger/url.h"

namespace stevie::accounts {

void describe(ConfigBinder& binder, AccountConfig& config) {
  constexpr double year = 365.0 * day_ms;
  ledger::describe_url(
      binder, "accounts.url", config.url,
      "where users, tokens and keys are kept: as ledger.url; a file of its own, or the ledger's "
      "PostgreSQL database");
  binder.field("accounts.access_lifetime", config.access_lifetime,
               {.minimum = second_ms,
                .maximum = static_cast<double>(day_ms),
                .unit = "milliseconds",
                .help = "how long an access token is good; a refresh token gets the next one"});
  binder.field("accounts.refresh_lifetime", config.refresh_lifetime,
               {.minimum = second_ms,
                .maximum = year,
                .unit = "milliseconds",
                .help = "how long a login lasts that is not used; each use begins it anew"});
  binder.field("accounts.tries", config.tries,
               {.minimum = 1,
                .maximum = 1000,
                .help = "failed logins of a name, or of an address, before further ones are refused"});
  binder.field("accounts.try_window", config.try_window,
               {.minimum = second_ms,
                .maximum = static_cast<double>(day_ms),
                .unit = "milliseconds",
                .help = "how long a failed login counts"});
  binder.field("accounts.least_password", config.least_password,
               {.minimum = 8, .maximum = 128, .unit = "characters", .help = "of a new password"});
  binder.field(
      "accounts.password_memory", config.password_memory,
      {.minimum = 19,
       .maximum = 1024,
       .unit = "MiB",
       .help = "what looking at a password takes (Argon2id, three passes); at most two are looked at at "
               "once; a stored one is renewed at its next login"});
  binder.rule("accounts.refresh_lifetime", [&config] {
    return config.refresh_lifetime < config.access_lifetime
               ? "a login cannot end before its access token: raise it, or lower accounts.access_lifetime"
               : "";
  });
}

}  // namespace stevie::accounts
