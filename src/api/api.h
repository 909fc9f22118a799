#pragma once
/// api: the HTTP front end over app.
///
/// All routes stand in one table. Routing, role checks, validation, the OpenAPI document and the test that
/// every route is documented come from it. Start with:
///   route.h     Route, Request, Response, RouteTable
///   router.h    Router: one parsed request in, one answer out, without any network
///   server.h    Server: sockets, TLS, limits, WebSocket
///   routes.h    the table
///
/// In: bytes of anybody. Out: JSON; faults as application/problem+json with a stable code.
///
/// What always holds:
///   - a handler sees only what its role may do and its schema accepts;
///   - no request makes the trading loop wait;
///   - no secret is in a log, a URL or the ledger.
#include "api/route.h"
