#pragma once
#include <utility>

#include "api/route_context.h"
#include "app/accounts.h"

namespace stevie::api {

/// Calls `work(desk, by)`, with which a handler changes users and keys so that the ledger tells whose they
/// are. The reason on record is the request: its id leads to the event "api.call".
template <class Work>
auto at_desk(const Context& context, const Request& request, Work work) {
  const live::Signature by{request.principal ? request.principal->user : std::string(),
                           "over the API, request " + request.id};
  return context->ledger.use([&](app::LedgerPool::Connection& connection) {
    return work(
        app::AccountDesk{context->accounts(), connection.ledger(), [context] { return context->now(); }}, by);
  });
}

}  // namespace stevie::api
