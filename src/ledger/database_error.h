#pragma once
#include "core/error.h"
#include "ledger/url.h"

namespace soci {
class soci_error;
}

namespace stevie::ledger {

/// What a fault that SOCI reports means to a person. No password of the location's URL is in it.
Error translate(const soci::soci_error& error, const Location& location);

/// True where the connection to the server is gone.
bool is_lost_connection(const Error& error);

}  // namespace stevie::ledger
